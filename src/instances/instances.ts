// The service: the use cases of an instance's life, one owner per instance.
import { isLive, isOpen, type Actor, type Instance } from '../core/instance.ts'
import { InstanceNotFound, InvalidRequest, ProjectNotFound } from '../errors.ts'
import type { InstancesDeps } from './state/deps.ts'
import { createAdoption } from './observe/adoption.ts'
import { createAgents } from './observe/agents.ts'
import { readBranches } from './observe/branches.ts'
import { resumeOfferOf, dismissOffer } from './state/resume-offer.ts'
import { createConversations } from './observe/conversation.ts'
import { createDaemons } from './observe/daemons.ts'
import { createFinish } from './actions/finish.ts'
import { createReapers } from '../processes/orphans.ts'
import type { Entry } from './state/entry.ts'
import { lookAtFolders, publishFound } from './observe/folders.ts'
import { createLaunch } from './actions/launch.ts'
import { createLeftBehind } from './actions/left-behind.ts'
import { createLedger } from './state/ledger.ts'
import { createMemory } from './observe/memory.ts'
import { createObserver } from './observe/observer.ts'
import { createReconcile } from './observe/reconcile.ts'
import { createResume, type ResumeOptions } from './actions/resume.ts'
import { keepersBut, recallKeepers, serversOf } from './observe/servers.ts'
import { createStart } from './actions/start.ts'
import { createStop } from './actions/stop.ts'
import type { Service } from './service.ts'
import { createReaper, type ReaperOptions } from '../processes/reaper.ts'
import { createStartupWatch } from './observe/startup-watch.ts'

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

/** Composes the service; nothing is watched or listed before `open`. */
export function createInstances(deps: InstancesDeps): Instances {
  const { tmux, store, journal, log, graceMs, homes } = deps
  const wake = (): void => observer.wake()
  const projects = deps.openProjects(() => publishFound(ledger, projects))
  const ledger = createLedger(deps, () => projects)
  for (const home of homes.values()) home.onRegistryChange(wake)
  const agents = createAgents(homes)
  const notes = deps.openLaunchNotes(wake)
  const excludedPids = (): readonly number[] => serversOf(ledger, store)
  const othersOf = (id: string): readonly number[] => keepersBut(ledger, id)
  const daemons = createDaemons(homes)
  const heldByOthers: ReaperOptions['heldByOthers'] = (id, found, table) =>
    daemons.heldByOthers(found, table, ledger.find(id)?.parkedJobId ?? null)
  const isReaper = createReapers(excludedPids)
  const agentOf: ReaperOptions['agentOf'] = (id) => {
    const { lastAgent = null, registered = null } = ledger.find(id) ?? {}
    return lastAgent ?? registered
  }
  const reaper = createReaper({
    graceMs,
    log,
    excludedPids,
    othersOf,
    agentOf,
    isReaper,
    heldByOthers,
  })
  const leftBehind = createLeftBehind({ deps, ledger, reaper })
  const conversations = createConversations({ deps, ledger })
  const ending = createFinish({ deps, ledger, notes, leftBehind, conversations })
  const stop = createStop({ deps, ledger, notes, reaper, ending })
  const apply = createReconcile({
    deps,
    ledger,
    agents,
    notes,
    conversations,
    adopt: createAdoption({ deps, ledger, reaper }),
    end: (entry, end) => ending.begin(entry, end),
    goOnStopping: (entry) => stop.goOn(entry),
    lookSoon: (ms) => void setTimeout(wake, ms),
  })
  const observer = createObserver({
    list: () => tmux.list(),
    apply,
    fail(error) {
      if (ledger.readable()) log.error({ err: error }, 'tmux cannot be read')
      ledger.setReadable(error instanceof Error ? error.message : 'tmux cannot be read.')
    },
    reconcile() {
      for (const { registry } of homes.values()) registry.reconcile()
      agents.forget()
      readBranches(ledger)
      lookAtFolders(ledger, projects)
      leftBehind.reconcile()
      // Who is told that nobody is logged in shall see it end, too.
      for (const { program } of homes.values())
        if (memory.isWatched() && program.lastLogin() === 'logged_out') program.refresh()
      ledger.noticesMayHaveChanged()
      void watchStartups()
    },
  })
  const watchStartups = createStartupWatch(deps, ledger, wake)
  const memory = createMemory(ledger)
  const shared = { deps, ledger, projects, notes, observer }
  const launch = createLaunch(shared)
  const start = createStart({ ...shared, launch, reaper })
  const resuming = createResume({ ...shared, launch, start, reaper, conversations })

  function askClaude(): void {
    for (const { program } of homes.values()) program.refresh()
  }

  function entryOf(id: string): Entry {
    const entry = ledger.find(id)
    if (!entry) throw new InstanceNotFound(id)
    return entry
  }

  async function resume(entry: Entry, by: Actor, options?: ResumeOptions): Promise<Instance> {
    // Only a new process gets a new link.
    if (isLive(entry.state) && ledger.present(entry).linkState === 'lost') {
      stop.ask(entry, by)
      await entry.queue
    }
    return resuming.one(entry, by, options)
  }

  return {
    start: (spec, by) => start.start(spec, by),
    resume: (id, by, options) => resume(entryOf(id), by, options),
    resumeAll: async (ids, by, options) =>
      resuming.all([...new Set(ids)].map(entryOf), by, options),
    resumeOffer: () => resumeOfferOf(ledger),
    stop(id, by) {
      const entry = entryOf(id)
      if (isLive(entry.state)) stop.ask(entry, by)
      return ledger.present(entry)
    },
    async stopAll(project, by) {
      const path = project === null ? null : pathOf(project)
      const wanted = ledger.live().filter((entry) => path === null || entry.projectPath === path)
      return stop.askAll(wanted, by)
    },
    dismiss(id, by) {
      const entry = entryOf(id)
      if (isLive(entry.state)) throw new InvalidRequest(`${entry.name} still runs. Stop it first.`)
      const at = new Date(deps.now()).toISOString()
      journal.append({ at, id, name: entry.name, what: 'dismissed', by })
      ledger.remove(entry)
    },
    async endLeft(id, by) {
      const entry = entryOf(id)
      if (isLive(entry.state)) throw new InvalidRequest(`${entry.name} still runs. Stop it first.`)
      await leftBehind.end(entry, by)
      return ledger.present(entry)
    },
    dismissOffer: (ids, by) => dismissOffer({ deps, ledger }, new Set(ids), by),
    resolve(ref) {
      // An id is nobody's name: a session that was renamed to one must not answer for it.
      if (ledger.find(ref)) return ref
      const named = ledger.live().find((entry) => entry.name === ref)
      return (named ?? entryOf(ref)).id
    },
    get: (id) => ledger.present(entryOf(id)),
    list({ ended = false } = {}) {
      const shown = [...ledger.entries()].filter((entry) => ended || isOpen(entry))
      return shown.map((entry) => ledger.lastShown(entry))
    },
    refresh() {
      projects.refresh()
      askClaude()
    },
    projects: () => ledger.projects(),
    foreign: () => ledger.foreign(),
    cap: () => ledger.cap(),
    notices: () => ledger.notices(),
    watchMemory: () => memory.watch(),
    isReadable: () => ledger.readable(),
    noticesMayHaveChanged: () => ledger.noticesMayHaveChanged(),
    subscribe: (listener) => ledger.subscribe(listener),
    async open() {
      askClaude()
      tmux.onWake(wake)
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

  /** The path behind a key: of a project on the disk, or of one that only its instances remember. */
  function pathOf(key: string): string {
    const shown = ledger.projects().find((candidate) => candidate.key === key)
    if (!shown) throw new ProjectNotFound(key)
    return shown.path
  }
}
