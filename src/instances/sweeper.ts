// Ends processes by exact identity (pid and start time), and finds what an instance left behind by its
// LAB_INSTANCE mark. Never lab itself, nor anything above it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import {
  ancestorsOf,
  createProcessTableReader,
  isRunning,
  type ProcessEntry,
  type ProcessId,
  type ProcessTable,
} from '../processes.ts'
import { markedIn, treeOf } from '../process-table.ts'
import { createTurns } from '../turns.ts'

export interface Sweeper {
  /** Everything that belongs to an instance now: what runs below its keeper and what carries its mark. */
  belongings(id: string, keeper: number | null): Promise<readonly ProcessId[]>
  /** Sends a signal to those that still run. */
  signal(processes: readonly ProcessId[], name: NodeJS.Signals): void
  /** Waits until none of them runs or the deadline (of `performance.now()`) has passed; tells which. */
  gone(processes: readonly ProcessId[], deadline: number): Promise<boolean>
  /** Ends all that carries the instance's mark: SIGTERM, then SIGKILL at the deadline (the grace from now). Returns what lived on. */
  sweep(id: string, deadline?: number): Promise<readonly ProcessId[]>
}

const pollMs = 20
// Each look at one process reads a file of /proc: two hundred instances that end look less often.
const pollMsEach = 0.5
// What forks while it is being killed needs another look; nothing sane needs the last one.
const roundsMax = 8
// The kernel frees a killed process within this unless it hangs in a system call.
const killWaitMs = 500

export interface SweeperOptions {
  readonly graceMs: number
  readonly log: Logger
  /** Pids that are never touched whatever they carry, such as the tmux server's. */
  readonly spare: () => readonly number[]
  /** The keepers of the other live instances: what runs below them is theirs, whatever mark it carries. */
  readonly othersOf?: (id: string) => readonly number[]
  /** Those of an instance's processes that hold sessions of others. */
  readonly heldByOthers?: (
    id: string,
    found: readonly ProcessEntry[],
    table: ProcessTable,
  ) => ReadonlySet<number>
}

export function createSweeper(options: SweeperOptions): Sweeper {
  const { graceMs, log, spare, othersOf = () => [], heldByOthers = () => new Set() } = options
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

  async function belongings(id: string, keeper: number | null): Promise<readonly ProcessId[]> {
    const table = await readTable()
    // All who share the table go on at once.
    await turn()
    // lab may have been started inside an instance, and so carry its mark.
    const untouchable = new Set([...ancestorsIn(table), ...spare()])
    for (const other of othersOf(id))
      if (other !== keeper) for (const { pid } of treeOf(table, other)) untouchable.add(pid)
    const found = new Map<number, ProcessEntry>()
    const tree = keeper === null ? [] : treeOf(table, keeper)
    for (const entry of [...tree, ...markedIn(table, id)])
      if (!untouchable.has(entry.pid) && entry.pid !== keeper) found.set(entry.pid, entry)
    const held = heldByOthers(id, [...found.values()], table)
    return [...found.values()].filter(({ pid }) => !held.has(pid))
  }

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
    deadline = performance.now() + graceMs,
  ): Promise<readonly ProcessId[]> {
    let left = await belongings(id, null)
    if (left.length === 0) return left
    signal(left, 'SIGTERM')
    await gone(left, deadline)
    for (let round = 0; round < roundsMax; round++) {
      left = await belongings(id, null)
      if (left.length === 0) return left
      signal(left, 'SIGKILL')
      await gone(left, performance.now() + killWaitMs)
    }
    return belongings(id, null)
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

  return { belongings, signal, gone, sweep }
}
