// The rest of lab's state: the projects, the foreign sessions, whether lab can read tmux, and the notices.
import type { ForeignSession, Instance, Notice, Project } from '../../core/instance.ts'
import type { ProjectKey } from '../../core/names.ts'
import type { Projects } from '../../projects/projects.ts'
import type { InstancesDeps } from './deps.ts'
import { namesHeldBy, type Entry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import { noticesOf } from './notices.ts'
import { keyOfGone, listProjects } from './project-list.ts'
import { present } from './view.ts'

export interface Overview {
  /** The view of an instance now. */
  present(entry: Entry): Instance
  /** By last use, then by key, as of the last look at the disk. */
  projects(): readonly Project[]
  /** Publishes the project of that path, after a use of it. */
  publishProject(path: string): void
  /** Publishes every project on the disk, after a scan with a new result. */
  publishProjects(): void
  notices(): readonly Notice[]
  /** Publishes the notices if they differ from those that lab published last. */
  noticesMayHaveChanged(): void
  foreign(): readonly ForeignSession[]
  setForeign(sessions: readonly ForeignSession[]): void
  /** Whether lab could read tmux the last time. While it cannot, live instances are `unknown`. */
  isReadable(): boolean
  /** Why lab cannot read tmux, as a sentence; null when it can. */
  setReadable(unreadable: string | null): void
  /** The running tmux server's version, null without one. */
  setServerVersion(version: string | null): void
  /** Names and slots that a new instance of the project must not take. */
  namesHeld(key: ProjectKey): readonly string[]
}

/** Makes the overview. It calls `ledger` and `projects` only after its creation. */
export function createOverview(
  deps: InstancesDeps,
  ledger: () => Ledger,
  projects: () => Projects,
): Overview {
  let foreign: readonly ForeignSession[] = []
  let unreadable: string | null = null
  let serverVersion: string | null = null
  let noticesShown = '[]'

  function notices(): readonly Notice[] {
    const running = ledger().live().length
    return noticesOf(deps, { unreadable, serverVersion, running, projects: projects() })
  }

  function noticesMayHaveChanged(): void {
    const current = notices()
    if (JSON.stringify(current) === noticesShown) return
    noticesShown = JSON.stringify(current)
    ledger().emit({ type: 'notices', notices: current })
  }

  return {
    present(entry) {
      const { projectPath } = entry.spec
      const key = projects().keyOf(projectPath)
      return present(entry, {
        key: key ?? keyOfGone(entry, { entries: ledger().entries(), projects: projects() }),
        readable: unreadable === null,
        attach: attachOf(entry, deps),
      })
    },
    ...createProjectViews(deps, ledger, projects),
    notices,
    noticesMayHaveChanged,
    foreign: () => foreign,
    setForeign(sessions) {
      if (JSON.stringify(sessions) === JSON.stringify(foreign)) return
      foreign = sessions
      ledger().emit({ type: 'foreign', foreign })
    },
    isReadable: () => unreadable === null,
    setReadable(because) {
      if (unreadable === because) return
      unreadable = because
      noticesMayHaveChanged()
      ledger().republish()
    },
    setServerVersion(version) {
      serverVersion = version
    },
    namesHeld: (key) =>
      ledger()
        .live()
        .flatMap((entry) =>
          projects().keyOf(entry.spec.projectPath) === key
            ? namesHeldBy(entry, key)
            : [entry.launch.name],
        ),
  }
}

function createProjectViews(
  { store }: InstancesDeps,
  ledger: () => Ledger,
  projects: () => Projects,
): Pick<Overview, 'projects' | 'publishProject' | 'publishProjects'> {
  const list = (): readonly Project[] =>
    listProjects({
      found: projects().all(),
      used: store.facts.projects,
      entries: ledger().entries(),
      lastShown: (entry) => ledger().lastShown(entry),
    })
  return {
    projects: list,
    publishProject(path) {
      const project = list().find((candidate) => candidate.path === path)
      if (project) ledger().emit({ type: 'project', project })
    },
    publishProjects() {
      const found = new Set(projects().all().map(({ path }) => path)) // prettier-ignore
      for (const project of list())
        if (found.has(project.path)) ledger().emit({ type: 'project', project })
      ledger().republish()
      ledger().emit({ type: 'rescanned' })
    },
  }
}

function attachOf({ launch: { name }, seen }: Entry, { tmux }: InstancesDeps): readonly string[] {
  const { session, doubt } = seen
  // By name where that reaches the pane: a name says more than an id, and the next launch keeps it.
  const argv = tmux.attachArgv(
    session?.isMoved ? { paneId: session.paneId } : { name, paneId: session?.paneId },
  )
  const socket = doubt?.socket
  return socket ? ['tmux', '-S', socket, ...argv.slice(tmux.argv.length)] : argv
}
