// The service: the use cases of an instance's life, one owner per instance.
import type { Actor } from '../core/actor.ts'
import { isLive, isOpen, type Instance } from '../core/instance.ts'
import { InstanceNotFound, InvalidRequest, ProjectNotFound } from '../errors.ts'
import type { ResumeOptions } from './actions/resumable.ts'
import { createParts, type Parts } from './parts.ts'
import type { Service } from './service.ts'
import type { InstancesDeps } from './state/deps.ts'
import type { Entry } from './state/entry.ts'
import type { Ledger } from './state/ledger.ts'
import type { Overview } from './state/overview.ts'
import { resumeOfferOf, dismissOffer } from './state/resume-offer.ts'
import { recallKeepers } from './state/servers.ts'

/** The service, with what its composition needs beyond the contract. */
export interface Instances extends Service {
  /** Whether tmux could be read the last time. */
  isReadable(): boolean
  /** Says that something the notices are made of may have changed. */
  noticesMayHaveChanged(): void
  /** Waits for the first look at the disk and at tmux. @throws when the projects root cannot be read */
  open(): Promise<void>
  /** Ends all watching and writes what waits to be written; no instance notices. */
  close(): Promise<void>
}

type Verbs = Pick<
  Instances,
  'start' | 'resume' | 'resumeAll' | 'stop' | 'stopAll' | 'dismiss' | 'endLeft' | 'dismissOffer'
>
type Reads = Pick<
  Instances,
  | 'resumeOffer'
  | 'resolve'
  | 'get'
  | 'list'
  | 'projects'
  | 'foreign'
  | 'cap'
  | 'notices'
  | 'isReadable'
>

/** Composes the service; nothing is watched or listed before `open`. */
export function createInstances(deps: InstancesDeps): Instances {
  const { tmux, store, journal, homes } = deps
  const parts = createParts(deps)
  const { ledger, overview, projects, notes, observer, memory } = parts

  function askClaude(): void {
    for (const { program } of homes.values()) program.refresh()
  }

  return {
    ...createVerbs(parts),
    ...createReads(parts),
    refresh() {
      projects.refresh()
      askClaude()
    },
    watchMemory: () => memory.watch(),
    noticesMayHaveChanged: () => overview.noticesMayHaveChanged(),
    subscribe: (listener) => ledger.subscribe(listener),
    async open() {
      askClaude()
      tmux.onWake(() => observer.wake())
      await projects.open()
      recallKeepers(ledger, notes)
      await observer.look()
    },
    async close() {
      observer.close()
      memory.close()
      for (const home of homes.values()) home.close()
      notes.close()
      await store.flush()
      await journal.flush()
    },
  }
}

/** What the service can be asked to do. */
function createVerbs({ deps, ledger, overview, leftBehind, start, resume, stop }: Parts): Verbs {
  const entryOf = (id: string): Entry => findEntry(ledger, id)

  function endedOf(id: string): Entry {
    const entry = entryOf(id)
    if (!isLive(entry.state)) return entry
    throw new InvalidRequest(`${entry.launch.name} still runs. Stop it first.`)
  }

  async function resumeOne(entry: Entry, by: Actor, options?: ResumeOptions): Promise<Instance> {
    // Only a new process gets a new link.
    if (isLive(entry.state) && ledger.present(entry).linkState === 'lost') {
      stop.ask(entry, by)
      await entry.queue.idle()
    }
    return resume.one(entry, by, options)
  }

  return {
    start,
    resume: (id, by, options) => resumeOne(entryOf(id), by, options),
    resumeAll: async (ids, by, options) => resume.all([...new Set(ids)].map(entryOf), by, options),
    stop(id, by) {
      const entry = entryOf(id)
      if (isLive(entry.state)) stop.ask(entry, by)
      return ledger.present(entry)
    },
    async stopAll(project, by) {
      const path = project === null ? null : pathOf(project, overview)
      const wanted = ledger.live().filter(({ spec }) => path === null || spec.projectPath === path)
      return stop.askAll(wanted, by)
    },
    dismiss(id, by) {
      const entry = endedOf(id)
      const at = new Date(deps.now()).toISOString()
      deps.journal.append({ at, id, name: entry.launch.name, what: 'dismissed', by })
      ledger.remove(entry)
    },
    async endLeft(id, by) {
      const entry = endedOf(id)
      await leftBehind.end(entry, by)
      return ledger.present(entry)
    },
    dismissOffer: (ids, by) => dismissOffer({ deps, ledger }, new Set(ids), by),
  }
}

/** What the service can be asked for. No read changes or starts anything. */
function createReads({ ledger, overview }: Parts): Reads {
  return {
    resumeOffer: () => resumeOfferOf(ledger),
    resolve(ref) {
      // An id is never a name: a session that was renamed to one must not answer for it.
      if (ledger.find(ref)) return ref
      const named = ledger.live().find(({ launch: { name } }) => name === ref)
      return (named ?? findEntry(ledger, ref)).id
    },
    get: (id) => ledger.present(findEntry(ledger, id)),
    list({ ended = false } = {}) {
      const all = ledger.entries().map((entry) => ledger.lastShown(entry))
      return ended ? all : all.filter(isOpen)
    },
    projects: () => overview.projects(),
    foreign: () => overview.foreign(),
    cap: () => ledger.cap(),
    notices: () => overview.notices(),
    isReadable: () => overview.isReadable(),
  }
}

function findEntry(ledger: Ledger, id: string): Entry {
  const entry = ledger.find(id)
  if (!entry) throw new InstanceNotFound(id)
  return entry
}

/** The path behind a key: of a project on the disk, or of one that only its instances remember. */
function pathOf(key: string, overview: Overview): string {
  const shown = overview.projects().find((candidate) => candidate.key === key)
  if (!shown) throw new ProjectNotFound(key)
  return shown.path
}
