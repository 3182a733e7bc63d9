// The one stop path: stop, stop-all and a stop that an earlier lab began all end here.
import type { Actor } from '../../core/actor.ts'
import { isLive, type Outcome } from '../../core/instance.ts'
import type { Exit } from '../../core/state.ts'
import { inTurns } from '../../turns.ts'
import type { InstancesDeps } from '../state/deps.ts'
import { terminate } from './terminate.ts'
import { finishOnce, type Finish } from './finish.ts'
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

export interface StopOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly notes: LaunchNotes
  readonly reaper: Reaper
  readonly finish: Finish
}

export function createStop(options: StopOptions): Stop {
  const { deps, ledger } = options
  const { log } = deps

  function enqueue(entry: Entry): void {
    finishOnce(entry, async () => {
      if (entry.state === 'stopping') await perform(entry, options)
    }).catch((error: unknown) => {
      log.warn({ err: error, instance: entry.id }, 'a stop could not be concluded yet')
    })
  }

  function ask(entry: Entry, by: Actor, together: string | null): void {
    if (entry.launch.stopAskedBy !== null) return
    promise(entry, by, options)
    const launch = { stopAskedBy: by, together }
    const { saved } = ledger.change(entry, { launch, state: 'stopping', by })
    // A caller who asks for several in a row is answered before all of /proc is read for the first.
    void entry.queue.run(() => saved)
    enqueue(entry)
  }

  return {
    ask: (entry, by) => ask(entry, by, null),
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

/** Writes the stop request to disk before answering: if lab is killed now, the next lab finishes the stop. */
function promise({ id, launch }: Entry, by: Actor, { notes, deps }: StopOptions): void {
  try {
    notes.askEnd(launch.id, by)
  } catch (error) {
    deps.log.warn({ err: error, instance: id }, 'a stop could not be noted, and goes on')
  }
}

async function perform(entry: Entry, { deps, notes, reaper, finish }: StopOptions): Promise<void> {
  const { left, serving } = await terminate(entry, { reaper, graceMs: deps.graceMs })
  const exit: Exit = notes.read(entry.launch.id) ?? { code: null, signal: null }
  const pids = left.map(({ pid }) => pid).join(', ')
  const failed = `It was stopped, but could not be ended: process ${pids} still runs.`
  const by = entry.launch.stopAskedBy ?? 'nobody'
  const ending = { reason: 'stopped', exit, by, serving } as const
  await finish.conclude(entry, left.length > 0 ? { ...ending, failed } : ending)
}
