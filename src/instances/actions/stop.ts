// The one stop path: stop, stop-all and a stop that an earlier lab began all end here.
import { isLive, type Actor, type Outcome } from '../../core/instance.ts'
import { deriveState, type Exit, type Observation } from '../../core/state.ts'
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
  readonly ending: Finish
}): Stop {
  const { deps, ledger, notes, reaper, ending } = options
  const { graceMs, log } = deps

  async function perform(entry: Entry): Promise<void> {
    const { left, serving } = await terminate(entry, { reaper, graceMs })
    const exit: Exit = notes.read(entry.note) ?? { code: null, signal: null }
    const pids = left.map(({ pid }) => pid).join(', ')
    const failed =
      left.length > 0
        ? { failed: `It was stopped, but could not be ended: process ${pids} still runs.` }
        : {}
    const swept = { ...nothingHeard, exit, stopAsked: true, swept: true }
    const { end } = deriveState(entry.state, null, swept)
    const by = entry.stopAskedBy ?? 'nobody'
    if (end) await ending.conclude(entry, { ...end, by, ...failed, serving })
  }

  /** Before anybody is answered: a lab that is killed now is followed by one that ends it, and knows why. */
  function promise({ id, note }: Entry, by: Actor): void {
    try {
      notes.askEnd(note, by)
    } catch (error) {
      log.warn({ err: error, instance: id }, 'a stop could not be noted, and goes on')
    }
  }

  function enqueue(entry: Entry): void {
    if (entry.ending) return
    entry.ending = true
    entry.queue = entry.queue.then(async () => {
      try {
        if (entry.state === 'stopping') await perform(entry)
      } catch (error) {
        log.warn({ err: error, instance: entry.id }, 'a stop could not be concluded yet')
      } finally {
        // The next sighting goes on with a stop that tmux did not let conclude.
        entry.ending = false
      }
    })
  }

  function ask(entry: Entry, by: Actor): void {
    if (entry.stopAskedBy !== null) return
    entry.stopAskedBy = by
    promise(entry, by)
    ledger.move(entry, 'stopping', { by })
    const saved = ledger.save(entry)
    ledger.publish(entry)
    // Whoever asks for several in a row is answered before all of /proc is read for the first.
    entry.queue = entry.queue.then(async () => void (await saved))
    enqueue(entry)
  }

  return {
    ask,
    async askAll(entries, by) {
      const together = `stopped ${new Date(deps.now()).toISOString()}`
      const outcomes: Outcome[] = []
      await inTurns(entries, (entry) => {
        const { id, name } = entry
        // It ended while others were asked.
        if (!isLive(entry.state)) return
        entry.together = together
        try {
          ask(entry, by)
          outcomes.push({ id, name, outcome: 'stopping' })
        } catch (error) {
          log.error({ err: error, instance: id }, 'a stop failed')
          outcomes.push(failedOutcome({ id, name }, error))
        }
      })
      return outcomes
    },
    goOn(entry) {
      entry.unconfirmed = false
      if (entry.state !== 'stopping')
        ledger.move(entry, 'stopping', { by: entry.stopAskedBy ?? 'nobody' })
      enqueue(entry)
    },
  }
}

const nothingHeard: Observation = {
  pane: 'absent',
  exit: null,
  registry: null,
  dialog: null,
  title: null,
  stopAsked: false,
  swept: false,
}
