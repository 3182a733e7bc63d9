// Ends processes by exact identity (pid and start time), and finds what an instance left behind by its
// LAB_INSTANCE mark. Never lab itself, nor anything above it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import {
  ancestorsOf,
  createProcessTableReader,
  isRunning,
  type ProcessEntry,
  type ProcessId,
  type ProcessTable,
} from './proc.ts'
import { treeOf } from './process-table.ts'
import { createTurns } from '../turns.ts'
import { groupsOf, type Groups } from './groups.ts'

export interface Reaper {
  /** Everything that belongs to an instance now: what runs below its keeper and what carries its mark. */
  processesOf(id: string, keeper: number | null): Promise<readonly ProcessId[]>
  /** The same, and apart from it what an instance began and in which others run: that is never ended. */
  look(id: string, keeper: number | null): Promise<Groups>
  /** Sends a signal to those that still run. */
  signal(processes: readonly ProcessId[], name: NodeJS.Signals): void
  /** Waits until none of them runs or the deadline (of `performance.now()`) has passed; tells which. */
  gone(processes: readonly ProcessId[], deadline: number): Promise<boolean>
  /**
   * Ends all that belongs to an instance: SIGTERM, then SIGKILL at the deadline (the grace from now),
   * but for what is spared, and for as long as it is wanted: a launch that comes meanwhile carries the
   * same mark. Returns what lived on.
   */
  sweep(id: string, options?: SweepOptions): Promise<readonly ProcessId[]>
}

export interface SweepOptions {
  readonly deadline?: number
  readonly spared?: readonly ProcessId[]
  /** Asked after each look, before anything of it is ended. */
  readonly isWanted?: () => boolean
}

const pollMs = 20
// Each look at one process reads a file of /proc: two hundred instances that end look less often.
const pollMsEach = 0.5
// What forks while it is being killed needs another look; nothing sane needs the last one.
const roundsMax = 8
// The kernel frees a killed process within this unless it hangs in a system call.
const killWaitMs = 500

export interface ReaperOptions {
  readonly graceMs: number
  readonly log: Log
  /** Pids that are never touched whatever they carry, such as the tmux server's. */
  readonly excludedPids: () => readonly number[]
  /** The keepers of the other live instances: what runs below them is theirs, whatever mark it carries. */
  readonly othersOf?: (id: string) => readonly number[]
  /** An instance's agent as last seen. */
  readonly agentOf?: (id: string) => ProcessId | null
  /** Whether orphans are given to that process, as to the first one. */
  readonly isReaper?: (pid: number) => boolean
  /** Those of an instance's processes that hold sessions of others. */
  readonly heldByOthers?: (
    id: string,
    found: readonly ProcessEntry[],
    table: ProcessTable,
  ) => ReadonlySet<number>
}

export function createReaper(options: ReaperOptions): Reaper {
  const {
    graceMs,
    log,
    excludedPids,
    othersOf = () => [],
    heldByOthers = () => new Set(),
  } = options
  const { isReaper = (pid) => pid <= 1, agentOf = () => null } = options
  const readTable = createProcessTableReader()
  const turn = createTurns()
  let waiting = 0

  // Those of one table share the look; it is taken after the scan, as the world is then.
  const ancestors = new WeakMap<object, readonly number[]>()
  function ancestorsIn(table: object): readonly number[] {
    const found = ancestors.get(table) ?? ancestorsOf(process.pid)
    ancestors.set(table, found)
    return found
  }

  async function look(id: string, keeper: number | null): Promise<Groups> {
    const table = await readTable()
    // All who share the table go on at once.
    await turn()
    // lab may have been started inside an instance, and so carry its mark.
    const untouchable = new Set([...ancestorsIn(table), ...excludedPids()])
    for (const other of othersOf(id))
      if (other !== keeper) for (const { pid } of treeOf(table, other)) untouchable.add(pid)
    const { own, serving } = groupsOf(table, {
      id,
      keeper,
      agent: agentOf(id),
      untouchable,
      isReaper,
    })
    const held = heldByOthers(id, own, table)
    const isHeldTop = ({ pid, parent }: ProcessEntry): boolean => held.has(pid) && !held.has(parent)
    return {
      own: own.filter(({ pid }) => !held.has(pid)),
      serving: [...serving, ...own.filter(isHeldTop)],
    }
  }

  const processesOf = async (id: string, keeper: number | null): Promise<readonly ProcessEntry[]> =>
    (await look(id, keeper)).own

  function signal(processes: readonly ProcessId[], name: NodeJS.Signals): void {
    for (const target of processes) {
      if (!isRunning(target)) continue
      try {
        process.kill(target.pid, name)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
          log.warn({ err: error, pid: target.pid }, `${name} could not be sent`)
      }
    }
  }

  async function sweep(
    id: string,
    {
      deadline = performance.now() + graceMs,
      spared = [],
      isWanted = () => true,
    }: SweepOptions = {},
  ): Promise<readonly ProcessId[]> {
    const before = new Set(spared.map(({ pid, start }) => `${pid} ${start}`))
    const toEnd = async (): Promise<readonly ProcessEntry[]> => {
      const found = await processesOf(id, null)
      return isWanted() ? found.filter(({ pid, start }) => !before.has(`${pid} ${start}`)) : []
    }
    let left = await toEnd()
    if (left.length === 0) return left
    signal(left, 'SIGTERM')
    await gone(left, deadline)
    for (let round = 0; round < roundsMax; round++) {
      left = await toEnd()
      if (left.length === 0) return left
      signal(left, 'SIGKILL')
      await gone(left, performance.now() + killWaitMs)
    }
    return toEnd()
  }

  async function gone(processes: readonly ProcessId[], deadline: number): Promise<boolean> {
    waiting += 1
    try {
      for (;;) {
        const isGone = !processes.some(isRunning)
        if (!isGone && performance.now() < deadline) {
          await sleep(Math.max(pollMs, waiting * pollMsEach))
          continue
        }
        // What comes next is done for many at once, too.
        await turn()
        return isGone
      }
    } finally {
      waiting -= 1
    }
  }

  return { processesOf, look, signal, gone, sweep }
}
