// The processes that outlive an instance: lab finds and shows them after its end, and ends them on request.
import { registryEntries } from '../../claude/home.ts'
import type { Actor } from '../../core/actor.ts'
import type { End } from '../../core/instance.ts'
import { argvOf, isRunning, type ProcessId } from '../../processes/proc.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Reaper } from '../../processes/reaper.ts'

export interface LeftBehind {
  /** Finds the processes that outlive an instance that has just ended, and keeps them with its end. */
  find(entry: Entry): Promise<void>
  /** Ends those processes, except the ones that serve others. */
  end(entry: Entry, by: Actor): Promise<void>
  /** Forgets the processes that have ended since. */
  reconcile(): void
}

type Left = End['left'][number]

// Processes that end with the agent are gone after this time.
const settleMs = 500
const commandCharsMax = 120

/** A process of the instance in which others run, as lab stores it. */
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

  function keep(entry: Entry, left: End['left']): void {
    const { end } = entry
    // On disk first: after the page shows a process, no lab may forget it.
    if (end) ledger.change(entry, { end: { ...end, left }, isPublishedOnceSaved: true })
  }

  function leftOf({ seen, launch }: Entry, { pid, start }: ProcessId): Left {
    const agent = seen.lastAgent ?? launch.registered
    // If lab never saw the agent, each of these processes may be the agent.
    const isAgent = [...registryEntries(deps.homes)].some((known) => known.pid === pid)
    const mayBeAgent = !agent || agent.pid === pid || isAgent
    return { pid, start, command: commandOf(pid), servesOthers: false, mayBeAgent }
  }

  async function find(entry: Entry): Promise<void> {
    const { id: launchId } = entry.launch
    const before = await reaper.look(entry.id, null)
    await reaper.waitForExit(before.own, performance.now() + settleMs)
    const own = before.own.filter(isRunning)
    const serving = before.serving.filter(isRunning)
    const left = [...own.map((process) => leftOf(entry, process)), ...serving.map(servingOf)]
    // It was resumed, or nothing was left and nothing is. A dismissed offer replaces the end, and changes
    // nothing of what is left.
    if (entry.launch.id !== launchId || !entry.end) return
    if (left.length + entry.end.left.length === 0) return
    const pids = left.map(({ pid }) => pid)
    if (pids.length > 0) deps.log.info({ instance: entry.id, pids }, 'left behind')
    keep(entry, left)
  }

  return {
    find,
    async end(entry, by) {
      // In the queue, after any resume that came first: the processes of a later launch carry the same
      // LAB_INSTANCE.
      await entry.queue.run(async () => {
        if (!entry.end) return
        const { id } = entry
        const { id: launchId, name } = entry.launch
        const at = new Date(deps.now()).toISOString()
        deps.journal.append({ at, id, name, what: 'left processes ended', by })
        const isWanted = (): boolean => entry.launch.id === launchId
        await reaper.sweep(id, { isWanted })
        if (isWanted()) await find(entry)
      })
    },
    reconcile() {
      for (const entry of ledger.entries()) {
        const { end } = entry
        const running = end?.left.filter(isRunning) ?? []
        if (end && running.length < end.left.length) keep(entry, running)
      }
    },
  }
}
