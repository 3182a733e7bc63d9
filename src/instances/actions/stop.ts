// The one stop path: stop, stop-all and a stop that an earlier lab began all end here.
import type { Actor } from '../../core/actor.ts'
import { isLive, type Outcome } from '../../core/instance.ts'
import type { Exit } from '../../core/state.ts'
import { inTurns } from '../../turns.ts'
import type { InstancesDeps } from '../state/deps.ts'
import { terminate } from './terminate.ts'
import type { Finish } from './finish.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import { failedOutcome } from './outcome.ts'
import type { Reaper } from '../../processes/reaper.ts'

export interface Stop {
  /** Asks for the end: the state is `stopping` when this returns, and the rest follows, also when lab is killed. */
  ask(entry: Entry, by: Actor): void
  /** Asks each to end, as one event; one failure stops no other, and two hundred keep nobody waiting. */
  askAll(entries: readonly Entry[], by: Actor): Promise<readonly Outcome[]>
  /** Goes on with a stop that was asked for before. */
  goOn(entry: Entry): void
}

export function createStop(options: {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly notes: LaunchNotes
  readonly reaper: Reaper
  readonly finish: Finish
}): Stop {
  const { deps, ledger, notes, reaper, finish } = options
  const { graceMs, log } = deps

  async function perform(entry: Entry): Promise<void> {
    const { left, serving } = await terminate(entry, { reaper, graceMs })
    const exit: Exit = notes.read(entry.launch.id) ?? { code: null, signal: null }
    const pids = left.map(({ pid }) => pid).join(', ')
    const failed =
      left.length > 0
        ? { failed: `It was stopped, but could not be ended: process ${pids} still runs.` }
        : {}
    const by = entry.launch.stopAskedBy ?? 'nobody'
    await finish.conclude(entry, { reason: 'stopped', exit, by, ...failed, serving })
  }

  /** Write the stop request to disk before answering. If lab is killed now, the next lab finds it and finishes the stop. */
  function promise({ id, launch }: Entry, by: Actor): void {
    try {
      notes.askEnd(launch.id, by)
    } catch (error) {
      log.warn({ err: error, instance: id }, 'a stop could not be noted, and goes on')
    }
  }

  function enqueue(entry: Entry): void {
    if (entry.isFinishing) return
    entry.isFinishing = true
    void entry.queue.run(async () => {
      try {
        if (entry.state === 'stopping') await perform(entry)
      } catch (error) {
        log.warn({ err: error, instance: entry.id }, 'a stop could not be concluded yet')
      } finally {
        // The next sighting goes on with a stop that tmux did not let conclude.
        entry.isFinishing = false
      }
    })
  }

  function ask(entry: Entry, by: Actor, together: string | null = null): void {
    if (entry.launch.stopAskedBy !== null) return
    promise(entry, by)
    const launch = { stopAskedBy: by, together }
    const { saved } = ledger.change(entry, { launch, state: 'stopping', by })
    // A caller who asks for several in a row is answered before all of /proc is read for the first.
    void entry.queue.run(() => saved)
    enqueue(entry)
  }

  return {
    ask: (entry, by) => ask(entry, by),
    async askAll(entries, by) {
      const together = `stopped ${new Date(deps.now()).toISOString()}`
      const outcomes: Outcome[] = []
      await inTurns(entries, (entry) => {
        const { id, launch } = entry
        const { name } = launch
        // It ended while others were asked.
        if (!isLive(entry.state)) return
        try {
          ask(entry, by, together)
          outcomes.push({ id, name, outcome: 'stopping' })
        } catch (error) {
          log.error({ err: error, instance: id }, 'a stop failed')
          outcomes.push(failedOutcome({ id, name }, error))
        }
      })
      return outcomes
    },
    goOn(entry) {
      const by = entry.launch.stopAskedBy ?? 'nobody'
      ledger.change(entry, { seen: { isUnconfirmed: false }, state: 'stopping', by })
      enqueue(entry)
    },
  }
}
