// Watches launches whose agent has not reported yet: for a dialog on the screen, and for the time they take.
import { recogniseDialog } from '../../claude/dialogs.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import { evidenceOf, lastLinesOf } from '../state/evidence.ts'
import type { Ledger } from '../state/ledger.ts'

// Claude is ready in 0.6 to 6 s (ten at once on two cores), 15 s right after an install.
const patienceMs = 60_000
const screenLines = 60

/** Returns the look at the screen of every agent without a status in the registry. `onChange` hears of another dialog. */
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
    if (dialog === null && entry.state === 'starting' && age > patienceMs) warn(entry, lines)
  }

  /** Warns once that a start takes too long. The instance keeps running, because it may only be slow. */
  function warn(entry: Entry, lines: readonly string[]): void {
    if (entry.seen.startupWarning) return
    const at = new Date(now()).toISOString()
    const exit = { code: null, signal: null }
    const lastLines = lastLinesOf(lines)
    const evidence = evidenceOf({ reason: 'start_failed', exit, lastLines, by: 'nobody', at })
    const message = `The agent is not ready after ${patienceMs / 1000} s. It still runs; its screen shows what it waits for.`
    const { id, launch } = entry
    const { name } = launch
    log.warn({ instance: id, name }, 'a start takes too long')
    journal.append({ at, id, name, what: 'startup warning', by: 'nobody', lastLines })
    ledger.change(entry, { seen: { startupWarning: { ...evidence, message } } })
  }

  let looking = false
  return async () => {
    if (looking) return
    looking = true
    for (const entry of ledger.live()) {
      if (entry.seen.registry?.status || !entry.seen.session || entry.isFinishing) continue
      await look(entry).catch((error: unknown) =>
        log.debug({ err: error, instance: entry.id }, 'lab could not read a screen'),
      )
    }
    looking = false
  }
}
