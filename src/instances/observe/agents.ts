// Finds each instance's agent process and its entry in Claude's registry.
import type { ClaudeHome, ClaudeHomes } from '../../claude/home.ts'
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import type { Launch } from '../../core/instance.ts'
import { childrenOf, isRunning, readProcess } from '../../processes/proc.ts'
import type { Entry } from '../state/entry.ts'
import type { Seen } from '../state/seen.ts'
import type { Ledger } from '../state/ledger.ts'
import { conversationChange } from './conversation.ts'

// A wrapper or two may run between keeper and agent. A deeper process is not an agent of lab's.
const depthMax = 16

export interface Agents {
  /** Gives each instance the registry entry of its process tree that is nearest to the keeper. */
  join(live: readonly Entry[]): void
  /** Drops the cache of process positions; the next join reads every process again. */
  forget(): void
}

/** The position of a process with a registry file in the process tree of its keeper. */
interface TreePosition {
  readonly keeper: number
  readonly start: string
  /** The processes between this one and the keeper, nearest first. */
  readonly above: readonly number[]
}

interface Match {
  /** The account whose registry has the entry. */
  readonly account: string
  readonly found: RegistryEntry
  readonly position: TreePosition
}

export function createAgents(homes: ClaudeHomes, ledger: Pick<Ledger, 'change'>): Agents {
  // To read a hundred processes at every change of one costs more than the listing itself.
  const positions = new Map<string, TreePosition>()

  function positionOf(
    entry: RegistryEntry,
    { registry }: ClaudeHome,
    keepers: ReadonlyMap<number, Entry>,
  ): TreePosition | null {
    const key = `${entry.pid} ${entry.procStart}`
    const known = positions.get(key)
    if (known && keepers.has(known.keeper)) return known
    const position = findPosition(entry, keepers)
    if (position) positions.set(key, position)
    // A file outlives `kill -9`, and its process is gone for good.
    else if (entry.procStart !== null && !isRunning({ pid: entry.pid, start: entry.procStart }))
      registry.retire(entry)
    return position
  }

  /** The registry entry of each instance that has one: the entry nearest to its keeper. */
  function findNearest(keepers: ReadonlyMap<number, Entry>): ReadonlyMap<Entry, Match> {
    const nearest = new Map<Entry, Match>()
    for (const home of homes.values())
      for (const found of home.registry.candidates()) {
        // The daemon may run below the agent that started it, and holds sessions of other agents too.
        if (found.isBackground) continue
        const position = positionOf(found, home, keepers)
        const entry = position && keepers.get(position.keeper)
        if (!entry || isNested(entry, position)) continue
        const before = nearest.get(entry)
        if (!before || position.above.length < before.position.above.length)
          nearest.set(entry, { account: home.account, found, position })
      }
    return nearest
  }

  return {
    forget: () => positions.clear(),
    join(live) {
      const keepers = new Map<number, Entry>()
      for (const entry of live) {
        // An agent that tmux does not list still runs under its keeper.
        const keeper = entry.seen.session?.panePid ?? entry.launch.keeper?.pid
        if (keeper) keepers.set(keeper, entry)
      }
      const nearest = findNearest(keepers)
      for (const entry of live) {
        const match = nearest.get(entry)
        ledger.change(entry, match ? taken(entry, match, live) : { seen: withoutFile(entry) })
      }
    },
  }
}

function findPosition(
  { pid, procStart }: RegistryEntry,
  keepers: ReadonlyMap<number, Entry>,
): TreePosition | null {
  const process = readProcess(pid)
  // A file outlives `kill -9`, and the kernel reuses pids: the start time must match too.
  if (!process || (procStart !== null && procStart !== process.start)) return null
  const above: number[] = []
  let keeper = process.parent
  for (let depth = 0; depth < depthMax && keeper > 1; depth++) {
    if (keepers.has(keeper)) return { keeper, start: process.start, above }
    above.push(keeper)
    keeper = readProcess(keeper)?.parent ?? 0
  }
  return null
}

/** Whether a process runs below the known agent: the agent began it, and it has a separate conversation. */
function isNested({ seen, launch: { registered } }: Entry, { above }: TreePosition): boolean {
  const isBelow = seen.registry !== null && seen.agent !== null && above.includes(seen.agent.pid)
  // The agent's own file may be gone before this lab could read it.
  return isBelow || (registered !== null && above.includes(registered.pid) && isRunning(registered))
}

/** Returns since when the agent has had no file, and since when its file has had no status. */
function heard(
  entry: Entry,
  found: RegistryEntry | undefined,
): Pick<Seen, 'unheardSince' | 'statuslessSince'> {
  const { unheardSince, statuslessSince, isUnconfirmed } = entry.seen
  const now = performance.now()
  if (found)
    return {
      unheardSince: null,
      statuslessSince: found.status === null ? (statuslessSince ?? now) : null,
    }
  if (!hadFile(entry)) return { unheardSince: null, statuslessSince }
  // For an agent of an earlier lab, lab does not know when the file went.
  return {
    unheardSince: unheardSince ?? (isUnconfirmed ? Number.NEGATIVE_INFINITY : now),
    statuslessSince,
  }
}

/** Whether this launch had a registry file before, which this lab or an earlier one saw. */
function hadFile({ seen: { session }, launch: { registered }, state }: Entry): boolean {
  return session !== null && (registered !== null || state === 'ready' || state === 'busy')
}

/** The observations of an instance without a registry file. */
function withoutFile(entry: Entry): Partial<Seen> {
  const { session, agent, lastAgent } = entry.seen
  const since = heard(entry, undefined)
  if (session === null || (agent !== null && isRunning(agent)))
    return { ...since, lastAgent: agent ?? lastAgent }
  // The agent has not started yet, or a wrapper started it again: the earlier agent's entry is outdated.
  const child = firstChild(session.panePid)
  return { ...since, registry: null, agent: child, lastAgent: child ?? lastAgent }
}

/** The changes of an instance whose agent wrote the matched file. */
function taken(
  entry: Entry,
  { account, found, position }: Match,
  live: readonly Entry[],
): { readonly launch: Partial<Launch>; readonly seen: Partial<Seen> } {
  const { conversation, deepLink, parkedJobId } = found
  const agent = { pid: found.pid, start: position.start }
  const claimed = claimedBy(entry, conversation, live)
  const believed = claimed === conversation ? null : conversation
  return {
    launch: { ...conversationChange(entry, believed), account, registered: agent, parkedJobId },
    seen: {
      ...heard(entry, found),
      registry: found,
      agent,
      lastAgent: agent,
      claimed,
      ...(deepLink !== null && { deepLink }),
    },
  }
}

/**
 * The conversation that an agent claims and lab does not believe, because another live agent has it; the
 * disbelief lasts as long as the claim. An agent can write its own file, and a false claim would keep lab
 * from resuming that conversation.
 */
function claimedBy(
  entry: Entry,
  conversation: string | null,
  live: readonly Entry[],
): string | null {
  const { claimed } = entry.seen
  if (conversation === null || conversation === entry.launch.conversation) return claimed
  const isAnothers = live.some(
    (other) => other !== entry && other.launch.conversation === conversation,
  )
  return isAnothers ? conversation : claimed
}

function firstChild(pid: number): Seen['agent'] {
  const child = childrenOf(pid)[0]
  const process = child === undefined ? null : readProcess(child)
  return process && { pid: process.pid, start: process.start }
}
