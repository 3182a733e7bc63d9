// One instance as the service holds it, and what it shows of it to the outside.
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import type { Actor, Evidence, Instance, MovedFolder } from '../../core/instance.ts'
import { composeName, type ProjectKey } from '../../core/names.ts'
import type { State } from '../../core/state.ts'
import type { ProcessId } from '../../processes/proc.ts'
import type { InstanceRecord } from '../../store/facts.ts'
import type { Doubt, Ended, ServerId } from './doubt.ts'

/** The service's own, changeable view; nobody outside src/instances holds one. */
export interface Entry {
  readonly id: string
  readonly projectPath: string
  readonly label: string | null
  readonly model: string | null
  readonly effort: string | null
  readonly createdAt: string
  /** When this launch of it began; later than `createdAt` after a resume. */
  launchedAt: string
  /** The same by `performance.now()`, for how long it takes; a clock that is set changes nothing. */
  launchedMs: number
  name: string
  slot: number
  conversation: string
  /** Whether anything was said in that conversation: Claude has a transcript then, until it removes it. */
  said: 'yes' | 'no' | 'unknown'
  /** It was resumed without its conversation, which was gone. */
  isBlank: boolean
  /** The agent's process, as its own registry file named it last. */
  registered: ProcessId | null
  /** Since when it lives without a registry file that it had (of `performance.now()`); null while it has one. */
  unheardSince: number | null
  /** Why nothing tells what it does, as a sentence; null while something does. */
  silence: string | null
  /** The keeper's note about this launch, a file name. */
  note: string
  state: State
  waitingFor: string | null
  since: string
  /** Left `starting` at least once: what ends it now is no failed start. */
  verified: boolean
  /** Where it runs; null before its session exists and once it was never seen again. */
  session: { readonly isMoved: boolean; readonly paneId: string; readonly panePid: number } | null
  /** The tmux server in which it was last seen. */
  server: ServerId | null
  /** The keeper of this launch; while it runs, nothing that is merely missing is an end. */
  keeper: ProcessId | null
  /** Known from the store alone: the first good listing says what became of it. */
  unconfirmed: boolean
  /** Why it may live although a listing that lab could read says otherwise; null without a doubt. */
  doubt: Doubt | null
  /** Since when signs of its end contradict a living keeper (of `performance.now()`); null while none do. */
  doubtedSince: number | null
  /** Listings that began before this number know nothing of it. */
  knownSince: number
  attached: number
  agent: ProcessId | null
  /** Claude's daemon holds its session under this name: what is said there is another conversation. */
  parkedJobId: string | null
  /** Another's conversation that its registry file names, which is not believed. */
  claimed: string | null
  /** The agent of this launch as last seen, also when it is over. */
  lastAgent: ProcessId | null
  registry: RegistryEntry | null
  /** Since when (`performance.now()`) its registry file has had no status; null while it has one. */
  statuslessSince: number | null
  /** The link as last seen; it stays for `lost`. */
  deepLink: string | null
  branch: string | null
  /** Where its folder went, if it is not where it was. */
  moved: MovedFolder | null
  /** The start-up dialog on its screen, by name. */
  dialog: string | null
  /** Said once of a start that takes too long. */
  overdue: Evidence | null
  memoryBytes: number | null
  stopAskedBy: Actor | null
  ended: Ended | null
  /** Names the event in which it ended along with others; null when it ended alone. */
  together: string | null
  /** See Instance. */
  dismissed: boolean
  /** Its end is being looked into: nothing else may end it a second time. */
  ending: boolean
  /** Everything that acts on it, one after the other. */
  queue: Promise<void>
  /** As last sent to the listeners, and the text to compare the next one with. */
  instance: Instance | null
  shown: string
}

const blank = {
  waitingFor: null,
  session: null,
  server: null,
  keeper: null,
  unconfirmed: false,
  doubt: null,
  doubtedSince: null,
  knownSince: 0,
  attached: 0,
  agent: null,
  registered: null,
  unheardSince: null,
  silence: null,
  parkedJobId: null,
  lastAgent: null,
  claimed: null,
  registry: null,
  statuslessSince: null,
  deepLink: null,
  branch: null,
  moved: null,
  dialog: null,
  overdue: null,
  memoryBytes: null,
  ending: false,
  together: null,
  dismissed: false,
  instance: null,
  shown: '',
} as const

/** A new instance, at the moment its place is reserved. */
export function reserveEntry(options: {
  id: string
  name: string
  slot: number
  label: string | null
  model: string | null
  effort: string | null
  projectPath: string
  note: string
  now: string
}): Entry {
  const { now, ...rest } = options
  return {
    ...blank,
    ...rest,
    createdAt: now,
    launchedAt: now,
    launchedMs: performance.now(),
    since: now,
    state: 'starting',
    verified: false,
    conversation: options.id,
    said: 'no',
    isBlank: false,
    stopAskedBy: null,
    ended: null,
    queue: Promise.resolve(),
  }
}

/** An instance as the store remembers it; one that had not ended is still to be found in tmux. */
export function entryFromRecord(record: InstanceRecord): Entry {
  const { ended } = record
  return {
    ...blank,
    ...record,
    launchedMs: msOf(record.launchedAt),
    state: ended?.state ?? (record.verified ? 'ready' : 'starting'),
    since: ended?.at ?? record.createdAt,
    unconfirmed: ended === null,
    ended: ended && {
      at: ended.at,
      evidence: ended.evidence,
      left: ended.left,
      order: ended.order,
    },
    queue: Promise.resolve(),
  }
}

/** A moment by `performance.now()`; one that is still to come, by a clock that went back, is long ago. */
function msOf(moment: string): number {
  const age = Date.now() - Date.parse(moment)
  return age >= 0 ? performance.now() - age : Number.NEGATIVE_INFINITY
}

/** Makes an ended instance ready to be launched again; what belonged to the launch before is gone. */
export function resetForLaunch(
  entry: Entry,
  { now, ...place }: { name: string; slot: number; note: string; now: string },
): void {
  const fresh = { launchedAt: now, launchedMs: performance.now() }
  const launch = { ...fresh, verified: false, stopAskedBy: null, ended: null }
  Object.assign(entry, blank, { branch: entry.branch }, place, launch)
}

/** What the store keeps of an instance. */
export function recordOf(entry: Entry, bootId: string): InstanceRecord {
  const { id, name, projectPath, slot, label, model, effort } = entry
  const { conversation, createdAt, launchedAt, parkedJobId } = entry
  const { said, isBlank, registered, server, keeper, note, verified, stopAskedBy } = entry
  const { ended, state, together, dismissed } = entry
  return {
    id,
    name,
    projectPath,
    slot,
    label,
    model,
    effort,
    conversation,
    createdAt,
    launchedAt,
    said,
    isBlank,
    registered,
    parkedJobId,
    note,
    server,
    keeper,
    verified,
    stopAskedBy,
    bootId,
    together,
    dismissed,
    ended: ended && { state: state === 'stopped' ? 'stopped' : 'error', ...ended },
  }
}

/** The names that a new instance of the project must not take: its own, and its slot under any name. */
export function namesHeldBy(entry: Entry, key: ProjectKey): readonly string[] {
  return [entry.name, composeName({ key, slot: entry.slot, slug: null })]
}
