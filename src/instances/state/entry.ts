// One instance as the service holds it: four values, each replaced whole. Only the ledger's `change`
// replaces them; every other file reads.
import type { End, Launch, Spec } from '../../core/instance.ts'
import { composeName, keyInName, type ProjectKey } from '../../core/names.ts'
import type { State } from '../../core/state.ts'
import { createQueue, type Queue } from '../../queue.ts'
import type { InstanceRecord } from '../../store/facts.ts'
import { sharedWorkspace } from '../../workspaces/workspace.ts'
import { firstSeen, nothingSeen, type Seen } from './seen.ts'

/** An instance. Its values are read-only here; `Ledger.change` replaces them. */
export interface Entry {
  readonly id: string
  readonly spec: Spec
  readonly launch: Launch
  readonly seen: Seen
  readonly end: End | null
  readonly state: State
  readonly waitingFor: string | null
  /** When the state last changed (ISO 8601). */
  readonly since: string
  /** The launch holds its place, and the store does not know of the launch yet. */
  readonly isReserved: boolean
  /** Runs the tasks that act on the instance, one after the other. */
  readonly queue: Queue
  /** The queue holds a stop or an end, so no second one begins. */
  isFinishing: boolean
}

/** The values that name a launch and its place. */
export interface LaunchPlace {
  readonly id: string
  readonly name: string
  readonly slot: number
  readonly account: string
  readonly bootId: string
  readonly now: string
}

/** A new launch that begins or continues a conversation. */
export function newLaunch(
  { now, ...place }: LaunchPlace,
  conversation: Pick<Launch, 'conversation' | 'said' | 'isBlank'>,
): Launch {
  return {
    ...place,
    ...conversation,
    startedAt: now,
    startedMs: performance.now(),
    server: null,
    keeper: null,
    registered: null,
    parkedJobId: null,
    isVerified: false,
    stopAskedBy: null,
    together: null,
  }
}

function beginning() {
  const queue = createQueue()
  return { end: null, state: 'starting', waitingFor: null, queue, isFinishing: false } as const
}

/** A new instance, at the moment at which lab reserves its place. */
export function newEntry(spec: Spec, place: LaunchPlace, branch: string | null = null): Entry {
  const launch = newLaunch(place, { conversation: spec.id, said: 'no', isBlank: false })
  return { ...knownEntry(spec, launch), seen: firstSeen(branch), isReserved: true }
}

/** An instance that the store or a session's metadata names, and that lab has not observed yet. */
export function knownEntry(spec: Spec, launch: Launch): Entry {
  return {
    id: spec.id,
    spec,
    launch,
    seen: { ...nothingSeen, isUnconfirmed: true },
    since: launch.startedAt,
    isReserved: false,
    ...beginning(),
  }
}

/** An instance from its record in the store. lab still has to find a live one in tmux. */
export function entryFromRecord(record: InstanceRecord): Entry {
  const { id, projectPath, kind, label, model, effort, mode, createdAt } = record
  // An older lab stored neither.
  const { projectKey, workspace = sharedWorkspace({ path: projectPath }) } = record
  const { note, launchedAt, verified, ended, dismissed } = record
  const { name, slot, account, conversation, said, isBlank, bootId, server, keeper } = record
  const { registered, parkedJobId, stopAskedBy, together } = record
  const key = (projectKey as ProjectKey | undefined) ?? keyInName(record.name)
  const named = { id, projectPath, projectKey: key, kind, workspace, label }
  const spec: Spec = { ...named, model, effort, mode, createdAt }
  const launch: Launch = {
    id: note,
    name,
    slot,
    account,
    conversation,
    said,
    isBlank,
    startedAt: launchedAt,
    startedMs: msOf(launchedAt),
    bootId,
    server,
    keeper,
    registered,
    parkedJobId,
    isVerified: verified,
    stopAskedBy,
    together,
  }
  const entry = knownEntry(spec, launch)
  if (!ended) return { ...entry, state: verified ? 'ready' : 'starting', since: createdAt }
  const end: End = { ...ended, isDismissed: dismissed }
  return { ...entry, end, state: end.state, since: end.at, seen: nothingSeen }
}

/** A moment by `performance.now()`. A moment in the future, by a clock that went back, counts as long ago. */
function msOf(moment: string): number {
  const age = Date.now() - Date.parse(moment)
  return age >= 0 ? performance.now() - age : Number.NEGATIVE_INFINITY
}

/** The record of an instance in the store. */
export function recordOf({ spec, launch, end }: Entry): InstanceRecord {
  const { id: note, startedAt: launchedAt, isVerified: verified, ...rest } = stored(launch)
  return {
    ...spec,
    ...rest,
    note,
    launchedAt,
    verified,
    dismissed: end?.isDismissed ?? false,
    ended: end && endedOf(end),
  }
}

/** A launch without the value that only this process understands. */
function stored({ startedMs: _startedMs, ...launch }: Launch): Omit<Launch, 'startedMs'> {
  return launch
}

function endedOf({ state, at, evidence, left, order }: End): InstanceRecord['ended'] {
  return { state, at, evidence, left, ...(order !== undefined && { order }) }
}

/** The names that a new instance of the project must not take: the name of this one, and its slot under any name. */
export function namesHeldBy({ launch: { name, slot } }: Entry, key: ProjectKey): readonly string[] {
  return [name, composeName({ key, slot, slug: null })]
}
