// Ends processes by exact identity (pid and start time), and finds what an instance left behind by its
// LAB_INSTANCE mark. The reaper never ends lab itself, nor an ancestor of lab.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { createTurns } from '../turns.ts'
import { groupsOf, type Groups } from './groups.ts'
import {
  ancestorsOf,
  createProcessTableReader,
  isRunning,
  type ProcessEntry,
  type ProcessId,
  type ProcessTable,
} from './proc.ts'
import { treeOf } from './process-table.ts'

export interface Reaper {
  /** The processes that belong to an instance now: those below its keeper and those that carry its mark. */
  processesOf(id: string, keeper: number | null): Promise<readonly ProcessId[]>
  /** The same, and apart from them what the instance began and others run in: the reaper never ends that. */
  look(id: string, keeper: number | null): Promise<Groups>
  /** Sends a signal to those that still run. */
  signal(processes: readonly ProcessId[], name: NodeJS.Signals): void
  /**
   * Waits until none of them runs, or until the deadline (of `performance.now()`) has passed. Resolves
   * with whether all have ended.
   */
  waitForExit(processes: readonly ProcessId[], deadline: number): Promise<boolean>
  /**
   * Ends the processes of an instance: SIGTERM, then SIGKILL at the deadline. Resolves with the
   * processes that lived on.
   */
  sweep(id: string, options?: SweepOptions): Promise<readonly ProcessId[]>
}

export interface SweepOptions {
  /** Of `performance.now()`; by default the reaper's grace from now. */
  readonly deadline?: number
  /** Processes that the sweep never ends. */
  readonly excluded?: readonly ProcessId[]
  /**
   * Called after each look; the sweep ends when it returns false. A launch that comes during the sweep
   * carries the same mark.
   */
  readonly isWanted?: () => boolean
}

const pollMs = 20
// Each look at one process reads a file of /proc: two hundred instances that end look less often.
const pollMsEach = 0.5
// A process that forks while lab kills it needs another look; no sane program needs the last one.
const roundsMax = 8
// The kernel frees a killed process within this unless it hangs in a system call.
const killWaitMs = 500

export interface ReaperOptions {
  readonly graceMs: number
  readonly log: Log
  /** Pids that the reaper never ends whatever mark they carry, such as the tmux server's. */
  readonly excludedPids: () => readonly number[]
  /** The keepers of the other live instances. What runs below them is theirs, whatever mark it carries. */
  readonly othersOf?: (id: string) => readonly number[]
  /** An instance's agent as last seen. */
  readonly agentOf?: (id: string) => ProcessId | null
  /** Whether the kernel gives orphans to that process, as to the first one. */
  readonly isReaper?: (pid: number) => boolean
  /** Whether systemd began that process for a service that is neither lab's nor the tmux server's. */
  readonly isOfService?: (pid: number) => boolean
  /** Those of an instance's processes that hold sessions of other instances. */
  readonly heldByOthers?: (
    id: string,
    found: readonly ProcessEntry[],
    table: ProcessTable,
  ) => ReadonlySet<number>
}

/** Makes a reaper; all its looks share the scans of /proc. */
export function createReaper(options: ReaperOptions): Reaper {
  const { graceMs, log } = options
  const turn = createTurns()
  const look = createLook(options, turn)
  const waitForExit = createExitWait(turn)
  const processesOf: Reaper['processesOf'] = async (id, keeper) => (await look(id, keeper)).own
  const signal: Reaper['signal'] = (processes, name) => sendSignal(processes, { name, log })
  const ending = { processesOf, signal, waitForExit }
  return {
    processesOf,
    look,
    signal,
    waitForExit,
    sweep: (id, { deadline = performance.now() + graceMs, ...rest } = {}) =>
      sweep(ending, id, { deadline, ...rest }),
  }
}

/** Returns the reaper's `look`; callers that share a scan follow each other, one per turn. */
function createLook(options: ReaperOptions, turn: () => Promise<void>): Reaper['look'] {
  const { excludedPids, othersOf = () => [], heldByOthers = () => new Set() } = options
  const { isReaper = (pid) => pid <= 1, isOfService = () => false, agentOf = () => null } = options
  const readTable = createProcessTableReader()

  // All looks into one table share the ancestors. lab reads them after the scan, as they are then.
  const ancestors = new WeakMap<object, readonly number[]>()
  function ancestorsIn(table: object): readonly number[] {
    const found = ancestors.get(table) ?? ancestorsOf(process.pid)
    ancestors.set(table, found)
    return found
  }

  return async (id, keeper) => {
    const table = await readTable()
    // All callers that share the table continue at once.
    await turn()
    // An instance may have started lab, and lab then carries its mark.
    const untouchable = new Set([...ancestorsIn(table), ...excludedPids()])
    for (const other of othersOf(id))
      if (other !== keeper) for (const { pid } of treeOf(table, other)) untouchable.add(pid)
    const { own, serving } = groupsOf(table, {
      id,
      keeper,
      agent: agentOf(id),
      untouchable,
      isReaper,
      isOfService,
    })
    const held = heldByOthers(id, own, table)
    const isHeldTop = ({ pid, parent }: ProcessEntry): boolean => held.has(pid) && !held.has(parent)
    return {
      own: own.filter(({ pid }) => !held.has(pid)),
      serving: [...serving, ...own.filter(isHeldTop)],
    }
  }
}

function sendSignal(
  processes: readonly ProcessId[],
  { name, log }: { readonly name: NodeJS.Signals; readonly log: Log },
): void {
  for (const target of processes) {
    try {
      if (isRunning(target)) process.kill(target.pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
        log.warn({ err: error, pid: target.pid }, `${name} could not be sent`)
    }
  }
}

/** Returns the reaper's `waitForExit`. */
function createExitWait(turn: () => Promise<void>): Reaper['waitForExit'] {
  let waiting = 0
  return async (processes, deadline) => {
    waiting += 1
    try {
      for (;;) {
        const isGone = !processes.some(isRunning)
        if (!isGone && performance.now() < deadline) {
          await sleep(Math.max(pollMs, waiting * pollMsEach))
          continue
        }
        // Many callers may wait for the same deadline; each continues in a separate turn.
        await turn()
        return isGone
      }
    } finally {
      waiting -= 1
    }
  }
}

async function sweep(
  { processesOf, signal, waitForExit }: Pick<Reaper, 'processesOf' | 'signal' | 'waitForExit'>,
  id: string,
  {
    deadline,
    excluded = [],
    isWanted = () => true,
  }: SweepOptions & Required<Pick<SweepOptions, 'deadline'>>,
): Promise<readonly ProcessId[]> {
  const before = new Set(excluded.map(({ pid, start }) => `${pid} ${start}`))
  const toEnd = async (): Promise<readonly ProcessId[]> => {
    const found = await processesOf(id, null)
    return isWanted() ? found.filter(({ pid, start }) => !before.has(`${pid} ${start}`)) : []
  }
  let left = await toEnd()
  if (left.length === 0) return left
  signal(left, 'SIGTERM')
  await waitForExit(left, deadline)
  for (let round = 0; round < roundsMax; round++) {
    left = await toEnd()
    if (left.length === 0) return left
    signal(left, 'SIGKILL')
    await waitForExit(left, performance.now() + killWaitMs)
  }
  return toEnd()
}
