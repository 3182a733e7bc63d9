// Every instance that lab knows, the one place where states move and from which events go out.
import {
  isLive,
  type Actor,
  type Cap,
  type ForeignSession,
  type Instance,
  type LabEvent,
  type Notice,
  type Project,
} from '../../core/instance.ts'
import type { ProjectKey } from '../../core/names.ts'
import { isLegalMove, type State } from '../../core/state.ts'
import type { Projects } from '../../projects/projects.ts'
import type { InstancesDeps } from './deps.ts'
import { createListeners } from './events.ts'
import { noticesOf } from './notices.ts'
import { keyOfGone, listProjects, sorted } from './project-list.ts'
import { entryFromRecord, namesHeldBy, recordOf, type Entry } from './entry.ts'
import { present } from './view.ts'

export interface Ledger {
  entries(): Iterable<Entry>
  find(id: string): Entry | undefined
  add(entry: Entry): void
  /** The place of the next end among all ends. */
  nextEnd(): number
  /** Forgets an instance here and in the store. */
  remove(entry: Entry): void
  /** The live instances and starts under way, each holding a place under the cap. */
  live(): readonly Entry[]
  /** Names and slots that a new instance of the project must not take. */
  namesHeld(key: ProjectKey): readonly string[]
  /** Moves an instance; an illegal move is logged and refused. */
  move(
    entry: Entry,
    to: State,
    why: { by: Actor; waitingFor?: string | null; [key: string]: unknown },
  ): boolean
  /** Tells the listeners of an instance if anything shown of it has changed. */
  publish(entry: Entry): void
  publishAll(): void
  publishProject(path: string): void
  /** Tells of every project on the disk, after a scan that found others than before. */
  publishProjects(): void
  publishCap(): void
  /** Writes an instance's record and tells whether that worked; a failure is logged, for the world goes on. */
  save(entry: Entry): Promise<boolean>
  present(entry: Entry): Instance
  /** As last published: the same object until something of it changes. */
  lastShown(entry: Entry): Instance
  cap(): Cap
  projects(): readonly Project[]
  notices(): readonly Notice[]
  foreign(): readonly ForeignSession[]
  setForeign(sessions: readonly ForeignSession[]): void
  /** Whether tmux could be read the last time; while not, live instances are shown as unknown. */
  readable(): boolean
  /** Why tmux cannot be read, as a sentence; null when it could. */
  setReadable(unreadable: string | null): void
  /** The running tmux server's version, null without one. */
  setServerVersion(version: string | null): void
  noticesMayHaveChanged(): void
  subscribe(listener: (event: LabEvent) => void): () => void
}

/** Opens the ledger with what the store remembers. */
export function createLedger(deps: InstancesDeps, projects: () => Projects): Ledger {
  const { store, journal, log, tmux, instancesMax, bootId, now } = deps
  const entries = new Map<string, Entry>()
  const { emit, subscribe } = createListeners(log)
  let foreign: readonly ForeignSession[] = []
  let unreadable: string | null = null
  let serverVersion: string | null = null
  let usedShown = 0
  let noticesShown = '[]'

  for (const record of store.facts.instances) {
    const entry = entryFromRecord(record)
    // Pids are counted anew with every boot.
    if (record.bootId !== bootId) Object.assign(entry, { server: null, keeper: null })
    entries.set(record.id, entry)
  }

  const live = (): readonly Entry[] => [...entries.values()].filter((entry) => isLive(entry.state))
  const cap = (): Cap => ({ max: instancesMax, used: live().length })

  const presentEntry = (entry: Entry): Instance =>
    present(entry, {
      key:
        projects().keyOf(entry.projectPath) ?? keyOfGone(entry, { entries, projects: projects() }),
      readable: unreadable === null,
      attach: attachOf(entry),
    })

  function attachOf({ name, session, doubt }: Entry): readonly string[] {
    // By name as long as that leads there: it says more, and is good for the next launch, too.
    const argv = tmux.attachArgv(
      session?.isMoved ? { paneId: session.paneId } : { name, paneId: session?.paneId },
    )
    const socket = doubt?.socket
    return socket ? ['tmux', '-S', socket, ...argv.slice(tmux.argv.length)] : argv
  }

  const lastShown = (entry: Entry): Instance => entry.instance ?? presentEntry(entry)

  function emitCap(): void {
    const current = cap()
    if (current.used === usedShown) return
    usedShown = current.used
    emit({ type: 'cap', cap: current })
  }

  function publish(entry: Entry): void {
    if (!entries.has(entry.id)) return
    const instance = presentEntry(entry)
    const shown = JSON.stringify(instance)
    if (shown === entry.shown) return
    entry.shown = shown
    entry.instance = instance
    emit({ type: 'instance', instance })
    emitCap()
  }

  function persist(change: Parameters<typeof store.update>[0]): Promise<boolean> {
    return store.update(change).then(
      () => true,
      // The store tells of its health once, and goes on trying.
      () => false,
    )
  }

  const projectList = (): readonly Project[] =>
    listProjects({ found: projects().all(), used: store.facts.projects, entries, lastShown })

  function notices(): readonly Notice[] {
    const running = live().length
    return noticesOf(deps, { unreadable, serverVersion, running, projects: projects() })
  }

  function noticesMayHaveChanged(): void {
    const current = notices()
    if (JSON.stringify(current) === noticesShown) return
    noticesShown = JSON.stringify(current)
    emit({ type: 'notices', notices: current })
  }

  const ledger: Ledger = {
    entries: () => sorted(entries.values()),
    find: (id) => entries.get(id),
    nextEnd: () => 1 + Math.max(0, ...[...entries.values()].map(({ ended }) => ended?.order ?? 0)),
    add(entry) {
      entries.set(entry.id, entry)
      emitCap()
    },
    remove(entry) {
      if (!entries.delete(entry.id)) return
      void persist((facts) => {
        facts.instances = facts.instances.filter(({ id }) => id !== entry.id)
      })
      emit({ type: 'removed', id: entry.id })
      emitCap()
    },
    live,
    namesHeld: (key) =>
      live().flatMap((entry) =>
        projects().keyOf(entry.projectPath) === key ? namesHeldBy(entry, key) : [entry.name],
      ),
    move(entry, to, { by, waitingFor = null, ...why }) {
      const from = entry.state
      if (!isLegalMove(from, to)) {
        log.error({ instance: entry.id, from, to }, 'an illegal move was refused')
        return false
      }
      if (from === to && entry.waitingFor === waitingFor) return true
      entry.state = to
      entry.waitingFor = waitingFor
      const at = new Date(now()).toISOString()
      entry.since = at
      const { id, name, projectPath } = entry
      const what = { at, id, name, project: projectPath, what: `${from} → ${to}`, by }
      journal.append({ ...what, ...(waitingFor === null ? {} : { waitingFor }), ...why })
      log.info({ instance: id, name, from, to, by, reason: why['reason'] }, 'moved')
      return true
    },
    publish,
    publishCap: emitCap,
    publishAll: () => {
      for (const entry of entries.values()) publish(entry)
    },
    publishProject(path) {
      const project = projectList().find((candidate) => candidate.path === path)
      if (project) emit({ type: 'project', project })
    },
    publishProjects() {
      const found = new Set(
        projects()
          .all()
          .map(({ path }) => path),
      )
      for (const project of projectList())
        if (found.has(project.path)) emit({ type: 'project', project })
      ledger.publishAll()
      emit({ type: 'rescanned' })
    },
    save: (entry) =>
      persist((facts) => {
        if (!entries.has(entry.id)) return
        const record = recordOf(entry, bootId)
        const at = facts.instances.findIndex(({ id }) => id === entry.id)
        if (at < 0) facts.instances.push(record)
        else facts.instances[at] = record
      }),
    present: presentEntry,
    lastShown,
    cap,
    projects: projectList,
    notices,
    foreign: () => foreign,
    setForeign(sessions) {
      if (JSON.stringify(sessions) === JSON.stringify(foreign)) return
      foreign = sessions
      emit({ type: 'foreign', foreign })
    },
    readable: () => unreadable === null,
    setReadable(because) {
      if (unreadable === because) return
      unreadable = because
      noticesMayHaveChanged()
      for (const entry of entries.values()) publish(entry)
    },
    setServerVersion(version) {
      serverVersion = version
    },
    noticesMayHaveChanged,
    subscribe,
  }
  return ledger
}
