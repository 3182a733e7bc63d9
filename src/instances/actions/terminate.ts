// Ends the processes of an instance: the agent first, then the processes that it left, the keeper last.
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

// The keeper is a shell that runs a few programs and waits half a second for tmux at most. A busy machine
// needs more time, and without the keeper's note lab does not know how the agent ended.
const keeperMs = 2000
// A keeper without an agent has nothing to write, or has written it.
const idleKeeperMs = 500
// The time from tmux's fork to the keeper's program, on a busy machine.
const becomingMs = 500
const pollMs = 20
// The kernel frees a killed process within this unless it hangs in a system call.
const killWaitMs = 500

export interface Ended {
  /** The processes that survived their SIGKILL. */
  readonly left: readonly ProcessId[]
  /** The processes of the instance in which others run. The stop leaves them running. */
  readonly serving: readonly ProcessId[]
}

/**
 * Ends an instance's processes and returns the ones that survived: SIGTERM to the agent, then to the
 * processes that it left behind; SIGKILL at the end of the grace.
 */
export async function terminate(
  entry: Entry,
  { reaper, graceMs }: { readonly reaper: Reaper; readonly graceMs: number },
): Promise<Ended> {
  const deadline = performance.now() + graceMs
  const keeper = await keeperOf(entry)
  const { own: tree, serving } = await reaper.look(entry.id, keeper?.pid ?? null)
  // Claude ends its own tools on SIGTERM, and only Claude can sign off at claude.ai.
  const agents = agentsOf(entry, keeper)
  reaper.signal(agents, 'SIGTERM')
  await reaper.waitForExit(agents, deadline)
  const rest = tree.filter(isRunning)
  reaper.signal(rest, 'SIGTERM')
  await reaper.waitForExit(rest, deadline)
  reaper.signal(rest, 'SIGKILL')
  // A killed process runs until the kernel has freed its memory, and no longer shows its LAB_INSTANCE.
  await reaper.waitForExit(rest, performance.now() + killWaitMs)
  // The keeper writes its note and ends. If it does not end, the sweep finds it by its LAB_INSTANCE.
  const patienceMs = agents.length > 0 ? keeperMs : idleKeeperMs
  if (keeper) await reaper.waitForExit([keeper], performance.now() + patienceMs)
  const left = await reaper.sweep(entry.id, { deadline })
  return { left: [...new Set([...left, ...rest.filter(isRunning)])], serving }
}

/**
 * The keeper, as long as its pid is still the keeper's: a dead pane keeps a pid that the kernel may give
 * to another process. A keeper that tmux has just forked does not have its LAB_INSTANCE yet.
 */
async function keeperOf({
  id,
  seen: { session },
  launch: { keeper },
}: Entry): Promise<ProcessId | null> {
  // Pid and start time identify the keeper in any tmux server, whatever tmux reports.
  const process = keeper ?? (session && readProcess(session.panePid))
  if (!process || !isRunning(process)) return null
  const deadline = performance.now() + becomingMs
  while (instanceOf(process.pid) === null && isRunning(process) && performance.now() < deadline)
    await sleep(pollMs)
  return keeper || instanceOf(process.pid) === id ? process : null
}

/** The agent from the registry, and every other child of the keeper. */
function agentsOf(entry: Entry, keeper: ProcessId | null): readonly ProcessId[] {
  const children = keeper ? childrenOf(keeper.pid) : []
  const found = children.map(readProcess).filter((child) => child !== null)
  const { agent } = entry.seen
  return agent ? [agent, ...found.filter(({ pid }) => pid !== agent.pid)] : found
}
