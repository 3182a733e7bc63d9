// How a stop ends what belongs to an instance: the agent first, then what it left, the keeper last.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  childrenOf,
  instanceOf,
  isRunning,
  readProcess,
  type ProcessId,
} from '../../processes/proc.ts'
import type { Entry } from '../state/entry.ts'
import type { Reaper } from '../../processes/reaper.ts'

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

export interface Ended {
  /** What lived on although it was killed. */
  readonly left: readonly ProcessId[]
  /** What the instance began and others run in, which is spared. */
  readonly serving: readonly ProcessId[]
}

/**
 * Ends an instance's processes and tells which of them lived on: SIGTERM to the agent, then to what it
 * left behind; SIGKILL at the end of the grace.
 */
export async function terminate(
  entry: Entry,
  { reaper, graceMs }: { readonly reaper: Reaper; readonly graceMs: number },
): Promise<Ended> {
  const deadline = performance.now() + graceMs
  const keeper = await keeperOf(entry)
  const { own: tree, serving } = await reaper.look(entry.id, keeper?.pid ?? null)
  // Claude ends its own tools when it is asked, and only it can tell claude.ai that it goes.
  const agents = agentsOf(entry, keeper)
  reaper.signal(agents, 'SIGTERM')
  await reaper.waitForExit(agents, deadline)
  const rest = tree.filter(isRunning)
  reaper.signal(rest, 'SIGTERM')
  await reaper.waitForExit(rest, deadline)
  reaper.signal(rest, 'SIGKILL')
  // Until all its memory is given back, one that was killed still runs, and carries no mark any more.
  await reaper.waitForExit(rest, performance.now() + killWaitMs)
  // It notes how the agent ended and goes by itself; one that does not is swept, for it is marked, too.
  const patienceMs = agents.length > 0 ? keeperMs : idleKeeperMs
  if (keeper) await reaper.waitForExit([keeper], performance.now() + patienceMs)
  const left = await reaper.sweep(entry.id, { deadline })
  return { left: [...new Set([...left, ...rest.filter(isRunning)])], serving }
}

/**
 * The keeper, as long as its pid is still the keeper's: a dead pane keeps naming a pid that may come
 * again. One that was made just now carries no mark yet, and nor does what it is about to run.
 */
async function keeperOf({
  id,
  seen: { session },
  launch: { keeper },
}: Entry): Promise<ProcessId | null> {
  // By exact identity it is found whatever tmux says, and in whichever server it runs.
  const process = keeper ?? (session && readProcess(session.panePid))
  if (!process || !isRunning(process)) return null
  const deadline = performance.now() + becomingMs
  while (instanceOf(process.pid) === null && isRunning(process) && performance.now() < deadline)
    await sleep(pollMs)
  return keeper || instanceOf(process.pid) === id ? process : null
}

/** The agent as the registry names it, or else whatever the keeper runs. */
function agentsOf(entry: Entry, keeper: ProcessId | null): readonly ProcessId[] {
  const children = keeper ? childrenOf(keeper.pid) : []
  const found = children.map(readProcess).filter((child) => child !== null)
  const { agent } = entry.seen
  return agent ? [agent, ...found.filter(({ pid }) => pid !== agent.pid)] : found
}
