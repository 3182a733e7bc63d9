// What outlives an instance: found and told after its end, ended only when somebody asks for it.
import { registryEntries } from '../../claude/home.ts'
import type { Actor } from '../../core/instance.ts'
import { argvOf, isRunning, type ProcessId } from '../../processes/proc.ts'
import type { LeftRecord } from '../../store/facts.ts'
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

// What its end takes along is gone by then.
const settleMs = 500
const commandCharsMax = 120

/** How a process is remembered that an instance began and others run in. */
export function servingRecordOf({ pid, start }: ProcessId): LeftRecord {
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

  function keep({ ended, ...rest }: Entry, left: readonly LeftRecord[]): void {
    const entry = ledger.find(rest.id)
    if (!entry?.ended || entry.ended !== ended) return
    entry.ended = { ...entry.ended, left }
    // Once it is told, a lab that is killed has not forgotten it.
    void ledger.save(entry).then(() => ledger.publish(entry))
  }

  function recordOf({ lastAgent, registered }: Entry, { pid, start }: ProcessId): LeftRecord {
    const agent = lastAgent ?? registered
    // Of an agent that lab never saw, any of these may be it.
    const isAgent = [...registryEntries(deps.homes)].some((known) => known.pid === pid)
    const mayBeAgent = !agent || agent.pid === pid || isAgent
    return { pid, start, command: commandOf(pid), servesOthers: false, mayBeAgent }
  }

  async function find(entry: Entry): Promise<void> {
    const before = await reaper.look(entry.id, null)
    await reaper.gone(before.own, performance.now() + settleMs)
    const own = before.own.filter(isRunning)
    const serving = before.serving.filter(isRunning)
    if (own.length + serving.length === 0) {
      if (entry.ended && entry.ended.left.length > 0) keep(entry, [])
      return
    }
    const left = [...own.map((one) => recordOf(entry, one)), ...serving.map(servingRecordOf)]
    deps.log.info({ instance: entry.id, pids: left.map(({ pid }) => pid) }, 'left behind')
    keep(entry, left)
  }

  return {
    find,
    async end(entry, by) {
      // In its turn: a resume that came before is another launch, whose processes carry the same mark, and
      // so is one that was asked for before and comes up meanwhile.
      const turn = entry.queue.then(async () => {
        if (!entry.ended) return
        const { id, name, note } = entry
        const at = new Date(deps.now()).toISOString()
        deps.journal.append({ at, id, name, what: 'what it left is ended', by })
        await reaper.sweep(id, { isWanted: () => entry.note === note })
        if (entry.note === note) await find(entry)
      })
      entry.queue = turn.catch(() => undefined)
      await turn
    },
    reconcile() {
      for (const entry of ledger.entries()) {
        const left = entry.ended?.left ?? []
        const running = left.filter(isRunning)
        if (running.length < left.length) keep(entry, running)
      }
    },
  }
}
