// The journal's listener: it writes a line for each move of an instance, and the evidence with an end.
import type { LabEvent } from '../../core/events.ts'
import type { InstancesDeps } from './deps.ts'
import type { Entry } from './entry.ts'

/** Returns the listener that writes every move to the journal and to the log. */
export function journalMoves(
  { journal, log }: InstancesDeps,
  find: (id: string) => Entry | undefined,
): (event: LabEvent) => void {
  return (event) => {
    if (event.type !== 'moved') return
    const { id, from, to, by, reason, waitingFor, at } = event
    const entry = find(id)
    if (!entry) return
    const { name } = entry.launch
    const { exitCode, signal, lastLines } = entry.end?.evidence ?? {}
    const line = { at, id, name, project: entry.spec.projectPath, what: `${from} → ${to}`, by }
    journal.append({
      ...line,
      ...(waitingFor !== null && { waitingFor }),
      ...(reason !== null && { reason }),
      ...(to === 'limited' && { limit: entry.seen.transcript?.limit }),
      ...(entry.end && { exitCode, signal, lastLines }),
    })
    log.info({ instance: id, name, from, to, by, ...(reason !== null && { reason }) }, 'moved')
  }
}
