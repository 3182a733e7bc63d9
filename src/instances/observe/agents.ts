// Which process is an instance's agent, and what Claude's registry says of it.
import type { ClaudeHome, ClaudeHomes } from '../../claude/home.ts'
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import { childrenOf, isRunning, readProcess } from '../../processes/proc.ts'
import { setConversation } from './conversation.ts'
import type { Entry } from '../state/entry.ts'

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
  readonly found: RegistryEntry
  readonly place: Place
}

export function createAgents(homes: ClaudeHomes): Agents {
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
          nearest.set(entry, { found, place })
      }
    return nearest
  }

  return {
    forget: () => places.clear(),
    join(live) {
      const keepers = new Map<number, Entry>()
      for (const entry of live) {
        // One that tmux does not list lives under its keeper all the same.
        const keeper = entry.session?.panePid ?? entry.keeper?.pid
        if (keeper) keepers.set(keeper, entry)
      }
      const nearest = findNearest(keepers)
      for (const entry of live) {
        const match = nearest.get(entry)
        if (match || !hadFile(entry)) entry.unheardSince = null
        // Nobody knows since when an agent has had none that an earlier lab left alive.
        else entry.unheardSince ??= entry.unconfirmed ? Number.NEGATIVE_INFINITY : performance.now()
        if (match) take(entry, match, live)
        else if (entry.session && !(entry.agent && isRunning(entry.agent))) {
          // Not started yet, or begun anew by a wrapper: what is known of an agent before is no news.
          entry.registry = null
          entry.agent = firstChild(entry.session.panePid)
        }
        entry.lastAgent = entry.agent ?? entry.lastAgent
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
function isNested({ registry, agent, registered }: Entry, { above }: Place): boolean {
  const isBelow = registry !== null && agent !== null && above.includes(agent.pid)
  // Also below one whose own file was removed before this lab could read it.
  return isBelow || (registered !== null && above.includes(registered.pid) && isRunning(registered))
}

/** Whether the registry told of this launch before, to this lab or to the one that wrote the state down. */
function hadFile({ session, registered, state }: Entry): boolean {
  return session !== null && (registered !== null || state === 'ready' || state === 'busy')
}

function take(entry: Entry, { found, place: { start } }: Match, live: readonly Entry[]): void {
  entry.registry = found
  entry.statuslessSince =
    found.status === null ? (entry.statuslessSince ?? performance.now()) : null
  entry.agent = { pid: found.pid, start }
  entry.registered = entry.agent
  if (found.conversation && mayTake(entry, found.conversation, live))
    setConversation(entry, found.conversation)
  if (found.deepLink) entry.deepLink = found.deepLink
  entry.parkedJobId = found.parkedJobId
}

/**
 * Whether an agent may say that it goes on with that conversation: not with one that another live agent
 * has, and not later with the same claim. An agent can write its own file, and whoever took another's
 * conversation that way would keep it from being resumed.
 */
function mayTake(entry: Entry, conversation: string, live: readonly Entry[]): boolean {
  if (conversation === entry.conversation) return true
  if (live.some((other) => other !== entry && other.conversation === conversation))
    entry.claimed = conversation
  return entry.claimed !== conversation
}

function firstChild(pid: number): Entry['agent'] {
  const child = childrenOf(pid)[0]
  const process = child === undefined ? null : readProcess(child)
  return process && { pid: process.pid, start: process.start }
}
