// What outlives an instance: found and told after its end, ended only when somebody asks for it.
import { registryEntries } from '../../claude/home.ts'
import type { Actor } from '../../core/actor.ts'
import type { End } from '../../core/instance.ts'
import { argvOf, isRunning, type ProcessId } from '../../processes/proc.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Reaper } from '../../processes/reaper.ts'

export interface LeftBehind {
  /** Writes down what lives on of an instance that has just ended. */
  find(entry: Entry): Promise<void>
  /** Ends what lives on, but for what serves others. */
  end(entry: Entry, by: Actor): Promise<void>
  /** Forgets what has ended since. */
  reconcile(): void
}

type Left = End['left'][number]

// What its end takes along is gone by then.
const settleMs = 500
const commandCharsMax = 120

/** How a process is remembered that an instance began and others run in. */
export function servingOf({ pid, start }: ProcessId): Left {
  return { pid, start, command: commandOf(pid), servesOthers: true, mayBeAgent: false }
}

function commandOf(pid: number): string {
  return argvOf(pid).join(' ').slice(0, commandCharsMax)
}

export function createLeftBehind(options: {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly reaper: Reaper
}): LeftBehind {
  const { deps, ledger, reaper } = options

  function keep(entry: Entry, end: End, left: End['left']): void {
    if (ledger.find(entry.id) === entry && entry.end === end)
      // Once it is told, a lab that is killed has not forgotten it.
      ledger.change(entry, { end: { ...end, left }, isToldOnceSaved: true })
  }

  function leftOf({ seen, launch }: Entry, { pid, start }: ProcessId): Left {
    const agent = seen.lastAgent ?? launch.registered
    // Of an agent that lab never saw, any of these may be it.
    const isAgent = [...registryEntries(deps.homes)].some((known) => known.pid === pid)
    const mayBeAgent = !agent || agent.pid === pid || isAgent
    return { pid, start, command: commandOf(pid), servesOthers: false, mayBeAgent }
  }

  async function find(entry: Entry): Promise<void> {
    const { end } = entry
    if (!end) return
    const before = await reaper.look(entry.id, null)
    await reaper.waitForExit(before.own, performance.now() + settleMs)
    const own = before.own.filter(isRunning)
    const serving = before.serving.filter(isRunning)
    const left = [...own.map((one) => leftOf(entry, one)), ...serving.map(servingOf)]
    if (left.length + end.left.length === 0) return
    const pids = left.map(({ pid }) => pid)
    if (pids.length > 0) deps.log.info({ instance: entry.id, pids }, 'left behind')
    keep(entry, end, left)
  }

  return {
    find,
    async end(entry, by) {
      // In its turn: a resume that came before is another launch, whose processes carry the same mark, and
      // so is one that was asked for before and comes up meanwhile.
      await entry.queue.run(async () => {
        if (!entry.end) return
        const { id } = entry
        const { id: launchId, name } = entry.launch
        const at = new Date(deps.now()).toISOString()
        deps.journal.append({ at, id, name, what: 'what it left is ended', by })
        const isWanted = (): boolean => entry.launch.id === launchId
        await reaper.sweep(id, { isWanted })
        if (isWanted()) await find(entry)
      })
    },
    reconcile() {
      for (const entry of ledger.entries()) {
        const { end } = entry
        const running = end?.left.filter(isRunning) ?? []
        if (end && running.length < end.left.length) keep(entry, end, running)
      }
    },
  }
}
