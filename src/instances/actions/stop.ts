// The one stop path, for a stop, a stop-all and a stop that an earlier lab began.
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
  /** Requests the end. The state is `stopping` when this returns; the stop follows, also when lab is killed. */
  ask(entry: Entry, by: Actor): void
  /** Requests the end of each, as one event. A failure of one stops no other, and lab stays responsive. */
  askAll(entries: readonly Entry[], by: Actor): Promise<readonly Outcome[]>
  /** Continues a stop that was requested before. */
  continueStop(entry: Entry): void
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
      log.warn({ err: error, instance: entry.id }, 'lab could not conclude a stop, and tries again')
    })
  }

  function ask(entry: Entry, by: Actor, together: string | null): void {
    if (entry.launch.stopAskedBy !== null) return
    writeRequest(entry, by, options)
    const launch = { stopAskedBy: by, together }
    const { saved } = ledger.change(entry, { launch, state: 'stopping', by, isReserved: false })
    // A stop reads all of /proc. Answer a caller that stops several in a row before the first stop begins.
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
        // The instance ended while lab stopped the ones before it.
        if (!isLive(entry.state)) return
        try {
          ask(entry, by, together)
          // It is being stopped already, and ends along with the others all the same.
          if (entry.launch.together === null) ledger.change(entry, { launch: { together } })
          outcomes.push({ id, name, outcome: 'stopping' })
        } catch (error) {
          log.error({ err: error, instance: id }, 'a stop failed')
          outcomes.push(failedOutcome({ id, name }, error))
        }
      })
      return outcomes
    },
    continueStop(entry) {
      const by = entry.launch.stopAskedBy ?? 'nobody'
      ledger.change(entry, { seen: { isUnconfirmed: false }, state: 'stopping', by })
      enqueue(entry)
    },
  }
}

/** Writes the stop request to disk before answering: if lab is killed now, the next lab finishes the stop. */
function writeRequest({ id, launch }: Entry, by: Actor, { notes, deps }: StopOptions): void {
  try {
    notes.askEnd(launch.id, by)
  } catch (error) {
    deps.log.warn(
      { err: error, instance: id },
      'lab could not write a stop request, and stops all the same',
    )
  }
}

async function perform(entry: Entry, { deps, notes, reaper, finish }: StopOptions): Promise<void> {
  const { id: launchId } = entry.launch
  const { left, serving } = await terminate(entry, { reaper, graceMs: deps.graceMs })
  // A launch that failed in between was taken back: the instance has its earlier end again.
  if (entry.state !== 'stopping' || entry.launch.id !== launchId) return
  const exit: Exit = notes.read(launchId) ?? { code: null, signal: null }
  const pids = left.map(({ pid }) => pid).join(', ')
  const failed = `lab stopped it and could not end it: process ${pids} still runs.`
  const by = entry.launch.stopAskedBy ?? 'nobody'
  const conclusion = { reason: 'stopped', exit, by, serving } as const
  await finish.conclude(entry, left.length > 0 ? { ...conclusion, failed } : conclusion)
}
