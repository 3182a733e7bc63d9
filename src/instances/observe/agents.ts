// Which process is an instance's agent, and what Claude's registry says of it.
import type { ClaudeHome, ClaudeHomes } from '../../claude/home.ts'
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import type { Launch } from '../../core/instance.ts'
import { childrenOf, isRunning, readProcess } from '../../processes/proc.ts'
import type { Entry, Seen } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import { conversationChange } from './conversation.ts'

// A wrapper or two between keeper and agent; more is no agent of lab's.
const depthMax = 16

export interface Agents {
  /** Gives each instance the registry entry that lies in its pane's process tree, nearest the keeper. */
  join(live: readonly Entry[]): void
  /** Looks every process up again at the next join, instead of believing what it found before. */
  forget(): void
}

/** A process that wrote a registry file, and the keeper it runs under. */
interface Place {
  readonly keeper: number
  readonly start: string
  /** The processes between it and the keeper, nearest first. */
  readonly above: readonly number[]
}

interface Match {
  /** The account in whose registry it is. */
  readonly account: string
  readonly found: RegistryEntry
  readonly place: Place
}

export function createAgents(homes: ClaudeHomes, ledger: Pick<Ledger, 'change'>): Agents {
  // Reading a hundred processes for every change of one costs more than the listing itself.
  const places = new Map<string, Place>()

  function placeOf(
    entry: RegistryEntry,
    { registry }: ClaudeHome,
    keepers: ReadonlyMap<number, Entry>,
  ): Place | null {
    const key = `${entry.pid} ${entry.procStart}`
    const known = places.get(key)
    if (known && keepers.has(known.keeper)) return known
    const place = findPlace(entry, keepers)
    if (place) places.set(key, place)
    // A file outlives `kill -9`, and this process does not come again.
    else if (entry.procStart !== null && !isRunning({ pid: entry.pid, start: entry.procStart }))
      registry.retire(entry)
    return place
  }

  /** The registry entry of each instance that has one: the one nearest its keeper. */
  function findNearest(keepers: ReadonlyMap<number, Entry>): ReadonlyMap<Entry, Match> {
    const nearest = new Map<Entry, Match>()
    for (const home of homes.values())
      for (const found of home.registry.candidates()) {
        // The daemon may run below the agent that started it, and holds sessions of anybody.
        if (found.isBackground) continue
        const place = placeOf(found, home, keepers)
        const entry = place && keepers.get(place.keeper)
        if (!entry || isNested(entry, place)) continue
        const before = nearest.get(entry)
        if (!before || place.above.length < before.place.above.length)
          nearest.set(entry, { account: home.account, found, place })
      }
    return nearest
  }

  return {
    forget: () => places.clear(),
    join(live) {
      const keepers = new Map<number, Entry>()
      for (const entry of live) {
        // One that tmux does not list lives under its keeper all the same.
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

function findPlace(
  { pid, procStart }: RegistryEntry,
  keepers: ReadonlyMap<number, Entry>,
): Place | null {
  const process = readProcess(pid)
  // A file outlives `kill -9`, and pids come again: only the process that wrote it is meant.
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

/** What runs below a known agent is another conversation, one that the agent began. */
function isNested({ seen, launch: { registered } }: Entry, { above }: Place): boolean {
  const isBelow = seen.registry !== null && seen.agent !== null && above.includes(seen.agent.pid)
  // Also below one whose own file was removed before this lab could read it.
  return isBelow || (registered !== null && above.includes(registered.pid) && isRunning(registered))
}

/** Since when the agent has had no file, and its file no status. */
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
  // Nobody knows since when an agent has had none that an earlier lab left alive.
  return {
    unheardSince: unheardSince ?? (isUnconfirmed ? Number.NEGATIVE_INFINITY : now),
    statuslessSince,
  }
}

/** Whether the registry told of this launch before, to this lab or to the one that wrote the state down. */
function hadFile({ seen: { session }, launch: { registered }, state }: Entry): boolean {
  return session !== null && (registered !== null || state === 'ready' || state === 'busy')
}

/** What is seen of an instance that no file tells of. */
function withoutFile(entry: Entry): Partial<Seen> {
  const { session, agent, lastAgent } = entry.seen
  const since = heard(entry, undefined)
  if (session === null || (agent !== null && isRunning(agent)))
    return { ...since, lastAgent: agent ?? lastAgent }
  // Not started yet, or begun again by a wrapper: the registry's word on an earlier agent is no news.
  const child = firstChild(session.panePid)
  return { ...since, registry: null, agent: child, lastAgent: child ?? lastAgent }
}

/** What changes of an instance whose agent wrote that file. */
function taken(
  entry: Entry,
  { account, found, place }: Match,
  live: readonly Entry[],
): { readonly launch: Partial<Launch>; readonly seen: Partial<Seen> } {
  const { conversation, deepLink, parkedJobId } = found
  const agent = { pid: found.pid, start: place.start }
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
 * The conversation that an agent claims and lab does not believe: one that another live agent has, also
 * later with the same claim. An agent can write its own file, and whoever took another's conversation
 * that way would keep it from being resumed.
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
