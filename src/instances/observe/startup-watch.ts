// Watches over starts that have not reported yet: which dialog holds them up, and for how long.
import { recogniseDialog } from '../../claude/dialogs.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import { evidenceOf, lastLinesOf } from '../state/evidence.ts'
import type { Ledger } from '../state/ledger.ts'

// Claude is ready in 0.6 to 6 s (ten at once on two cores), 15 s right after an install.
const patienceMs = 60_000
const screenLines = 60

/** Looks at the screen of every start that the registry does not name yet; calls `onChange` when it learnt something. */
export function createStartupWatch(
  { tmux, log, journal, now }: InstancesDeps,
  ledger: Ledger,
  onChange: () => void,
): () => Promise<void> {
  async function look(entry: Entry): Promise<void> {
    const lines = await tmux.capture(entry.seen.session!.paneId, screenLines)
    const dialog = recogniseDialog(lines)
    if (dialog !== entry.seen.dialog) {
      ledger.change(entry, { seen: { dialog } })
      onChange()
    }
    const age = performance.now() - entry.launch.startedMs
    if (dialog === null && entry.state === 'starting' && age > patienceMs) complain(entry, lines)
  }

  /** Says once that a start takes too long; the instance lives on, for it may only be slow. */
  function complain(entry: Entry, lines: readonly string[]): void {
    if (entry.seen.startupWarning) return
    const at = new Date(now()).toISOString()
    const exit = { code: null, signal: null }
    const lastLines = lastLinesOf(lines)
    const evidence = evidenceOf({ reason: 'start_failed', exit, lastLines, by: 'nobody', at })
    const message = `Not ready after ${patienceMs / 1000} s. It is still running; its screen says what it waits for.`
    const { id, launch } = entry
    const { name } = launch
    log.warn({ instance: id, name }, 'a start is overdue')
    journal.append({ at, id, name, what: 'overdue', by: 'nobody', lastLines })
    ledger.change(entry, { seen: { startupWarning: { ...evidence, message } } })
  }

  let looking = false
  return async () => {
    if (looking) return
    looking = true
    for (const entry of ledger.live()) {
      if (entry.seen.registry?.status || !entry.seen.session || entry.isFinishing) continue
      await look(entry).catch((error: unknown) =>
        log.debug({ err: error, instance: entry.id }, 'a screen could not be read'),
      )
    }
    looking = false
  }
}
