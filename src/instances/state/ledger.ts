// Every instance that lab knows, and the only function that changes an instance: it checks the move,
// replaces the values, publishes the differences and writes what must outlive lab.
import { isDeepStrictEqual } from 'node:util'
import type { LabEvent, Moved } from '../../core/events.ts'
import type { Actor } from '../../core/actor.ts'
import type { Cap, End, Instance, Launch } from '../../core/instance.ts'
import { isLegalMove, type State } from '../../core/state.ts'
import type { InstancesDeps } from './deps.ts'
import { entryFromRecord, recordOf, type Entry } from './entry.ts'
import type { Seen } from './seen.ts'
import { journalMoves } from './journal-moves.ts'
import { createListeners, createPublisher } from './publisher.ts'
import { sorted } from './project-list.ts'

/** A change of an instance. Values that it leaves out stay as they are. */
export interface Change {
  readonly launch?: Partial<Launch>
  readonly seen?: Partial<Seen>
  readonly end?: End | null
  /** The next state; the state table says which states may precede it. */
  readonly state?: State
  /** What the instance waits for in that state; null when left out. */
  readonly waitingFor?: string | null
  readonly by?: Actor
  readonly reason?: string | null
  /** The state is set without a check of the move: lab adopts an instance, or undoes a failed launch. */
  readonly isSet?: boolean
  readonly isReserved?: boolean
  /** lab publishes the change only once it is on disk. */
  readonly isPublishedOnceSaved?: boolean
}

export interface Changed {
  /** False when the move was illegal; the instance is then unchanged. */
  readonly isLegal: boolean
  /** Resolves when the store has the change, with true; with false when the write failed. */
  readonly saved: Promise<boolean>
}

export interface Ledger {
  /** All instances, in order of project, slot and age. */
  entries(): readonly Entry[]
  /** The live instances and starts under way, each holding a place under the cap. */
  live(): readonly Entry[]
  find(id: string): Entry | undefined
  cap(): Cap
  /** The sequence number of the next end. */
  nextEnd(): number
  add(entry: Entry): void
  /** Forgets an instance here and in the store. */
  remove(entry: Entry): void
  /** Changes an instance. It logs and refuses an illegal move. */
  change(entry: Entry, change: Change): Changed
  /**
   * Undoes a failed launch: the instance has its values of before the launch. lab publishes that move like
   * any other.
   */
  restore(entry: Entry, before: Readonly<Entry>, by: Actor): void
  /** Publishes each instance that `work` changes once, after `work`. */
  batch(work: () => void): void
  /** Publishes each instance whose view differs from the last one, such as by the passing of time. */
  republish(): void
  /** The view of an instance now. */
  present(entry: Entry): Instance
  /** The view that lab published last: the same object until the view changes. */
  lastShown(entry: Entry): Instance
  emit(event: LabEvent): void
  subscribe(listener: (event: LabEvent) => void): () => void
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Opens the ledger with the instances of the store. `present` makes the view of an instance. */
export function createLedger(deps: InstancesDeps, present: (entry: Entry) => Instance): Ledger {
  const { log, instancesMax, now } = deps
  const entries = entriesOf(deps)
  const { emit, subscribe } = createListeners(log)
  const publisher = createPublisher({ entries, emit, present, instancesMax })
  const publish = (entry: Entry): void => publisher.publish(entry)

  const saver = createSaver(deps, entries)

  function change(entry: Mutable<Entry>, wanted: Change): Changed {
    const { state, launch, seen, end, isReserved = entry.isReserved } = wanted
    if (state !== undefined && !wanted.isSet && !isLegalMove(entry.state, state)) {
      log.error({ instance: entry.id, from: entry.state, to: state }, 'an illegal move was refused')
      return { isLegal: false, saved: nothingToSave }
    }
    if (entries.get(entry.id) !== entry) {
      log.warn({ instance: entry.id }, 'an instance that lab has forgotten was not changed')
      return { isLegal: false, saved: nothingToSave }
    }
    const before = { ...entry }
    entry.launch = merged(entry.launch, launch)
    entry.seen = merged(entry.seen, seen)
    if (end !== undefined) entry.end = end
    entry.isReserved = isReserved
    const moved = state === undefined ? null : move(entry, state, { ...wanted, now })
    if (moved) emit(moved)
    const { question } = entry.seen
    if (question?.id !== before.seen.question?.id)
      emit({ type: 'question', id: entry.id, question })
    const isDurable =
      entry.launch !== before.launch || entry.end !== before.end || isReserved !== before.isReserved
    const saved = isDurable ? saver.save(entry) : nothingToSave
    if (wanted.isPublishedOnceSaved) void saved.then(() => publish(entry))
    else if (isDurable || moved || entry.seen !== before.seen) publish(entry)
    return { isLegal: true, saved }
  }

  const ledger: Ledger = {
    entries: () => sorted(entries.values()),
    live: () => publisher.live(),
    find: (id) => entries.get(id),
    cap: () => publisher.cap(),
    nextEnd: () => 1 + Math.max(0, ...[...entries.values()].map(({ end }) => end?.order ?? 0)),
    add(entry) {
      entries.set(entry.id, entry)
      void saver.save(entry)
      publish(entry)
    },
    remove(entry) {
      if (!entries.delete(entry.id)) return
      saver.forget(entry.id)
      publisher.forget(entry.id)
    },
    change,
    restore(entry, { launch, seen, end, state, waitingFor }, by) {
      const back = { launch, seen, end, state, waitingFor }
      change(entry, { ...back, by, reason: 'not_started', isSet: true, isReserved: false })
    },
    batch: (work) => publisher.batch(work),
    republish: () => publisher.batch(() => entries.forEach(publish)),
    present,
    lastShown: (entry) => publisher.lastShown(entry),
    emit,
    subscribe,
  }
  subscribe(journalMoves(deps, (id) => entries.get(id)))
  return ledger
}

/** Moves an entry that has its new values, and returns the event; null when neither state nor wait changes. */
function move(
  entry: Mutable<Entry>,
  to: State,
  { waitingFor = null, by = 'nobody', reason = null, now }: Change & { now: () => number },
): Moved | null {
  const { id, state: from } = entry
  if (from === to && entry.waitingFor === waitingFor) return null
  // An end keeps its stored time to the millisecond, also after a restart of lab.
  const at = entry.end?.at ?? new Date(now()).toISOString()
  Object.assign(entry, { state: to, waitingFor, since: at })
  return { type: 'moved', id, from, to, by, reason, waitingFor, at }
}

const nothingToSave = Promise.resolve(true)

/** Writes and removes records. The store reports a failure once and tries again, so a failure is only `false` here. */
function createSaver({ store }: InstancesDeps, entries: ReadonlyMap<string, Entry>) {
  const persist = (write: Parameters<typeof store.update>[0]): Promise<boolean> =>
    store.update(write).then(
      () => true,
      () => false,
    )
  return {
    save(entry: Entry): Promise<boolean> {
      if (entry.isReserved || !entries.has(entry.id)) return nothingToSave
      const record = recordOf(entry)
      return persist(({ instances }) => {
        const at = instances.findIndex(({ id }) => id === entry.id)
        if (at < 0) instances.push(record)
        else instances[at] = record
      })
    },
    forget(id: string): void {
      void persist((facts) => {
        facts.instances = facts.instances.filter((record) => record.id !== id)
      })
    },
  }
}

/** Returns the same object when nothing differs, so that callers can compare by identity. */
function merged<T extends object>(value: T, change: Partial<T> | undefined): T {
  for (const key in change)
    if (value[key] !== change[key] && !isDeepStrictEqual(value[key], change[key]))
      return { ...value, ...change }
  return value
}

function entriesOf({ store, bootId }: InstancesDeps): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const record of store.facts.instances) {
    // The kernel counts pids from the start after every boot.
    const isOfThisBoot = record.bootId === bootId
    const known = isOfThisBoot ? record : { ...record, server: null, keeper: null }
    entries.set(record.id, entryFromRecord(known))
  }
  return entries
}
