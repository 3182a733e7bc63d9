// The service: the use cases of an instance's life. Whatever acts on an instance passes through its queue.
import { homeOf } from '../claude/home.ts'
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
import { endedLast } from './state/project-list.ts'
import { resumeOfferOf, dismissOffer } from './state/resume-offer.ts'

/** The service, with what its composition needs beyond the contract. */
export interface Instances extends Service {
  /** Whether lab could read tmux the last time. */
  isReadable(): boolean
  /** Publishes the notices if they differ from those that lab published last. */
  noticesMayHaveChanged(): void
  /** Resolves after the first look at the disk and at tmux. @throws when lab cannot read the projects root */
  open(): Promise<void>
  /** Stops watching and writes pending changes to disk. The instances keep running. */
  close(): Promise<void>
}

type Verbs = Pick<
  Instances,
  | 'start'
  | 'resume'
  | 'resumeAll'
  | 'stop'
  | 'stopAll'
  | 'answer'
  | 'send'
  | 'keys'
  | 'dismiss'
  | 'endLeft'
  | 'dismissOffer'
  | 'changeSettings'
  | 'look'
>
type Looks = Pick<Instances, 'output' | 'screen' | 'watchScreen' | 'said'>
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
  | 'settings'
  | 'isReadable'
>

/** Composes the service. It reads neither the disk nor tmux before `open`. */
export function createInstances(deps: InstancesDeps): Instances {
  const { tmux, store, journal, homes } = deps
  const parts = createParts(deps)
  const { ledger, overview, projects, notes, observer, memory, hooks, transcripts } = parts

  function refreshClaude(): void {
    for (const { program } of homes.values()) program.refresh()
  }

  return {
    ...createVerbs(parts),
    ...createReads(parts),
    refresh() {
      projects.refresh()
      refreshClaude()
    },
    ...createLooks(parts),
    logins: parts.logins,
    watchMemory: () => memory.watch(),
    noticesMayHaveChanged: () => overview.noticesMayHaveChanged(),
    subscribe: (listener) => ledger.subscribe(listener),
    async open() {
      refreshClaude()
      await projects.open()
      tmux.onWake(() => observer.wake())
      await observer.look()
    },
    async close() {
      observer.close()
      memory.close()
      for (const home of homes.values()) home.close()
      notes.close()
      hooks.close()
      transcripts.close()
      await store.flush()
      await journal.flush()
    },
  }
}

/** The service's verbs: each of them acts on instances. */
function createVerbs(parts: Parts): Verbs {
  const { deps, ledger, overview, leftBehind, settings, start, resume, stop, answer, send } = parts
  const entryOf = (id: string): Entry => findEntry(ledger, id)

  function endedOf(id: string): Entry {
    const entry = entryOf(id)
    if (!isLive(entry.state)) return entry
    throw new InvalidRequest(`${entry.launch.name} still runs. Stop it first.`)
  }

  async function resumeOne(entry: Entry, by: Actor, options?: ResumeOptions): Promise<Instance> {
    // Claude opens a link only when it starts, so the agent must end first.
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
    async answer(id, given, by) {
      const entry = entryOf(id)
      await answer(entry, given, by)
      return ledger.present(entry)
    },
    send: async (id, message, by) => send.message(entryOf(id), message, by),
    keys: async (id, keys, by) => send.keys(entryOf(id), keys, by),
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
    look(id) {
      const entry = entryOf(id)
      if (entry.seen.isUnread) ledger.change(entry, { seen: { isUnread: false } })
    },
    dismissOffer: (ids, by) => dismissOffer({ deps, ledger }, new Set(ids), by),
    changeSettings: (change, by) => settings.change(change, by),
  }
}

/** What an instance shows and said. */
function createLooks({ deps, ledger, screens }: Parts): Looks {
  return {
    async output(id, lines) {
      const { seen, end } = findEntry(ledger, id)
      if (seen.session) return deps.tmux.capture(seen.session.paneId, lines)
      return (end?.evidence.lastLines ?? []).slice(-lines)
    },
    async screen(id) {
      const { session } = findEntry(ledger, id).seen
      return session ? deps.tmux.screen(session.paneId).catch(() => null) : null
    },
    watchScreen: (id, listener) => screens.watch(findEntry(ledger, id), listener),
    said(id, before) {
      const { account, conversation } = findEntry(ledger, id).launch
      return homeOf(deps.homes, account).readSaid(conversation, before)
    },
  }
}

/** The service's getters. No getter changes or starts anything. */
function createReads({ ledger, overview, settings }: Parts): Reads {
  return {
    resumeOffer: () => resumeOfferOf(ledger),
    resolve(ref) {
      // The id comes first: a session that a person renamed to an id must not hide that instance.
      if (ledger.find(ref)) return ref
      const named = ledger.live().find(({ launch: { name } }) => name === ref)
      return (named ?? findEntry(ledger, ref)).id
    },
    get: (id) => ledger.present(findEntry(ledger, id)),
    list({ ended = false } = {}) {
      const entries = ledger.entries()
      const all = ended ? endedLast(entries) : entries
      const shown = all.map((entry) => ledger.lastShown(entry))
      return ended ? shown : shown.filter(isOpen)
    },
    projects: () => overview.projects(),
    foreign: () => overview.foreign(),
    cap: () => ledger.cap(),
    notices: () => overview.notices(),
    settings: () => settings.current(),
    isReadable: () => overview.isReadable(),
  }
}

function findEntry(ledger: Ledger, id: string): Entry {
  const entry = ledger.find(id)
  if (!entry) throw new InstanceNotFound(id)
  return entry
}

/** The path of a project by its key, also of a project that only its instances still name. */
function pathOf(key: string, overview: Overview): string {
  const shown = overview.projects().find((candidate) => candidate.key === key)
  if (!shown) throw new ProjectNotFound(key)
  return shown.path
}
