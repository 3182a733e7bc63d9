// The one stop path: stop, stop-all and a stop that an earlier lab began all end here.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Actor, Outcome } from '../core/instance.ts'
import { deriveState, type Exit, type Signals } from '../core/state.ts'
import { childrenOf, instanceOf, isRunning, readProcess, type ProcessId } from '../processes.ts'
import type { InstancesDeps } from './deps.ts'
import type { Ending } from './ending.ts'
import type { Entry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import type { Notes } from './notes.ts'
import { failedOutcome } from './outcome.ts'
import type { Sweeper } from './sweeper.ts'

export interface Stop {
  /** Asks for the end: the state is `stopping` when this returns, and the rest follows, also when lab is killed. */
  ask(entry: Entry, by: Actor): void
  /** Asks each to end, as one event; one failure stops no other. */
  askAll(entries: readonly Entry[], by: Actor): readonly Outcome[]
  /** Goes on with a stop that was asked for before. */
  goOn(entry: Entry): void
}

// A shell that runs a few programs and waits half a second for tmux at most; what it notes is how the
// agent ended, so on a machine with no time for it, it gets more.
const keeperMs = 2000
// Without an agent it has nothing to note yet, or has noted it.
const idleKeeperMs = 500
// From tmux's fork to the keeper's program, when there is no time for it.
const becomingMs = 500
const pollMs = 20
// The kernel frees a killed process within this unless it hangs in a system call.
const killWaitMs = 500

export function createStop(options: {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly notes: Notes
  readonly sweeper: Sweeper
  readonly ending: Ending
}): Stop {
  const { deps, ledger, notes, sweeper, ending } = options
  const { graceMs, log } = deps

  /** SIGTERM to the agent, then to what it left behind; SIGKILL at the end of the grace. */
  async function endProcesses(entry: Entry): Promise<readonly ProcessId[]> {
    const deadline = performance.now() + graceMs
    const keeper = await keeperOf(entry)
    const tree = await sweeper.belongings(entry.id, keeper)
    // Claude ends its own tools when it is asked, and only it can tell claude.ai that it goes.
    const agents = agentsOf(entry, keeper)
    sweeper.signal(agents, 'SIGTERM')
    await sweeper.gone(agents, deadline)
    const rest = tree.filter(isRunning)
    sweeper.signal(rest, 'SIGTERM')
    await sweeper.gone(rest, deadline)
    sweeper.signal(rest, 'SIGKILL')
    // Until all its memory is given back, one that was killed still runs, and carries no mark any more.
    await sweeper.gone(rest, performance.now() + killWaitMs)
    await keeperIsDone(keeper, agents.length > 0 ? keeperMs : idleKeeperMs)
    const left = await sweeper.sweep(entry.id, deadline)
    return [...new Set([...left, ...rest.filter(isRunning)])]
  }

  // It notes how the agent ended and goes by itself; one that does not is swept, for it is marked, too.
  async function keeperIsDone(keeper: number | null, ms: number): Promise<void> {
    const process = keeper === null ? null : readProcess(keeper)
    if (process) await sweeper.gone([process], performance.now() + ms)
  }

  async function perform(entry: Entry): Promise<void> {
    const left = await endProcesses(entry)
    const exit: Exit = notes.read(entry.note) ?? { code: null, signal: null }
    const pids = left.map(({ pid }) => pid).join(', ')
    const failed =
      left.length > 0
        ? { failed: `It was stopped, but could not be ended: process ${pids} still runs.` }
        : {}
    const swept = { ...nothingHeard, exit, stopAsked: true, swept: true }
    const { end } = deriveState(entry.state, null, swept)
    const by = entry.stopAskedBy ?? 'nobody'
    if (end) await ending.conclude(entry, { ...end, by, ...failed })
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
    void ledger.save(entry)
    ledger.publish(entry)
    enqueue(entry)
  }

  return {
    ask,
    askAll(entries, by) {
      const together = `stopped ${new Date(deps.now()).toISOString()}`
      return entries.map((entry) => {
        const { id, name } = entry
        entry.together = together
        try {
          ask(entry, by)
          return { id, name, outcome: 'stopping' }
        } catch (error) {
          log.error({ err: error, instance: id }, 'a stop failed')
          return failedOutcome({ id, name }, error)
        }
      })
    },
    goOn(entry) {
      entry.unconfirmed = false
      if (entry.state !== 'stopping')
        ledger.move(entry, 'stopping', { by: entry.stopAskedBy ?? 'nobody' })
      enqueue(entry)
    },
  }
}

const nothingHeard: Signals = {
  pane: 'absent',
  exit: null,
  registry: null,
  dialog: null,
  title: null,
  stopAsked: false,
  swept: false,
}

/**
 * The keeper's pid, as long as that is still the keeper: a dead pane keeps naming a pid that may come
 * again. One that was made just now carries no mark yet, and nor does what it is about to run.
 */
async function keeperOf({ id, session }: Entry): Promise<number | null> {
  const process = session && readProcess(session.panePid)
  if (!process) return null
  const deadline = performance.now() + becomingMs
  while (instanceOf(process.pid) === null && isRunning(process) && performance.now() < deadline)
    await sleep(pollMs)
  return instanceOf(process.pid) === id ? process.pid : null
}

/** The agent as the registry names it, or else whatever the keeper runs. */
function agentsOf(entry: Entry, keeper: number | null): readonly ProcessId[] {
  const children = keeper === null ? [] : childrenOf(keeper)
  const found = children.map(readProcess).filter((child) => child !== null)
  return entry.agent ? [entry.agent, ...found.filter(({ pid }) => pid !== entry.agent?.pid)] : found
}
