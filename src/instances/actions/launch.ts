// The one launch path: who may start, and an instance that has its place brought up. Start and resume
// call it.
import { homeOf } from '../../claude/home.ts'
import type { Actor } from '../../core/actor.ts'
import type { Instance, Workspace } from '../../core/instance.ts'
import { ClaudeMissing, NotLoggedIn, StoreUnwritable, TmuxUnavailable } from '../../errors.ts'
import type { ProcessId } from '../../processes/proc.ts'
import type { Reaper } from '../../processes/reaper.ts'
import type { Projects } from '../../projects/projects.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import { prepareWorkspace } from '../../workspaces/workspace.ts'
import type { Observer } from '../observe/observer.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Overview } from '../state/overview.ts'
import { createPlaces, type PlaceFor } from './place.ts'
import { createSessions, type SessionRequest } from './session.ts'

/** What was found before a place is taken. */
export interface Admitted {
  /** The path of the claude program. */
  readonly program: string
  /** The folder that Claude must trust. */
  readonly trustedFolder: string
}

/** An instance that has its place and is to be brought up. */
export interface LaunchRequest extends SessionRequest, Admitted {
  /** For the journal. */
  readonly what: 'started' | 'resumed'
  readonly by: Actor
  /** What an earlier launch left, which is none of this one's. */
  readonly before?: readonly ProcessId[]
  /** Makes the failed launch unhappened. */
  readonly undo: () => void
}

export interface Launcher {
  /** @throws ProjectGone ClaudeMissing NotLoggedIn TmuxUnavailable */
  admit(request: {
    readonly workspace: Workspace
    readonly account: string
    /** Launch even though Claude says that nobody is logged in. */
    readonly force: boolean
  }): Promise<Admitted>
  readonly placeFor: PlaceFor
  /** Resolves when the session exists and the store knows of it. On a failure, which it throws, nothing of it exists. */
  launch(request: LaunchRequest): Promise<Instance>
}

export interface LaunchOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly overview: Overview
  readonly projects: Projects
  readonly notes: LaunchNotes
  readonly observer: Observer
  readonly reaper: Reaper
}

// More than can fail at once, and few enough to be looked through at every listing.
const abandonedMax = 100

export function createLaunch(options: LaunchOptions): Launcher {
  const { deps, ledger, overview, notes, observer, reaper } = options
  const { homes, store, journal, log, now, launch } = deps
  const placeFor = createPlaces(options)
  const createSession = createSessions({ ...options, placeFor })

  async function bringUp(request: LaunchRequest): Promise<void> {
    const { entry, project, trustedFolder } = request
    await homeOf(homes, entry.launch.account).trust(trustedFolder)
    await deps.prepareStateDir().catch((error: unknown) => {
      throw new StoreUnwritable(launch.stateDir, { cause: error })
    })
    const written = store.update((facts) => {
      const orders = Object.values(facts.projects).map((used) => used.order ?? 0)
      const order = 1 + Math.max(0, ...orders)
      facts.projects[project.path] = { lastUsedAt: entry.launch.startedAt, order }
    })
    // Before its session exists the store knows of it: a lab that is killed now looks for it.
    ledger.change(entry, { isReserved: false })
    await written
    await createSession(request)
  }

  async function takeBack({ entry, before = [], undo }: LaunchRequest, id: string): Promise<void> {
    abandon(deps, id)
    // tmux may have made the session before it refused the rest of the line.
    await reaper.sweep(entry.id, { excluded: before }).catch((error: unknown) => {
      log.warn({ err: error, instance: entry.id }, 'what a failed start left could not be ended')
    })
    undo()
    notes.remove(id)
    // A lab that is killed once the failure is told must not speak of it again.
    await store.flush()
  }

  return {
    async admit({ workspace, account, force }) {
      const { trustedFolder } = await prepareWorkspace(workspace)
      const { program: claude, loginCommand } = homeOf(homes, account)
      const program = claude.locate()
      claude.refresh()
      if (program === null) throw new ClaudeMissing(launch.command)
      if (!force && claude.login() === 'logged_out') throw new NotLoggedIn(loginCommand)
      if (!overview.isReadable()) throw new TmuxUnavailable('the state of its sessions is unknown')
      return { program, trustedFolder }
    },
    placeFor,
    async launch(request) {
      const { entry, project, what, by, resume: transcript } = request
      const { id } = entry
      const { id: launchId } = entry.launch
      try {
        // A stop that comes meanwhile waits in the queue until there is something to stop.
        await entry.queue.run(() => bringUp(request))
      } catch (error) {
        log.warn({ err: error, instance: id, project: project.key }, 'a start failed')
        await takeBack(request, launchId)
        throw error
      }
      const { name, isBlank } = entry.launch
      log.info({ instance: id, name, project: project.key, by, transcript }, what)
      const at = new Date(now()).toISOString()
      const told = { project: project.path, what, by, transcript }
      journal.append({ at, id, name, ...told, ...(isBlank && { blank: true }) })
      overview.publishProject(project.path)
      observer.wake()
      return ledger.present(entry)
    },
  }
}

/** Writes the launch down as abandoned: if tmux makes its session yet, this lab or the next removes it. */
function abandon({ store }: InstancesDeps, launchId: string): void {
  store
    .update((facts) => {
      facts.givenUp = [...facts.givenUp, launchId].slice(-abandonedMax)
    })
    .catch(() => undefined)
}
