// The one launch path: it checks whether a launch may begin, and launches an instance that has its place.
// Start and resume call it.
import { homeOf } from '../../claude/home.ts'
import type { Actor } from '../../core/actor.ts'
import type { Instance, Workspace } from '../../core/instance.ts'
import { ClaudeMissing, NotLoggedIn, StoreUnwritable, TmuxUnavailable } from '../../errors.ts'
import type { ProcessId } from '../../processes/proc.ts'
import type { Reaper } from '../../processes/reaper.ts'
import type { Projects } from '../../projects/projects.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import { prepareWorkspace } from '../../workspaces/workspace.ts'
import type { Hooks } from '../questions/hooks.ts'
import type { Observer } from '../observe/observer.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Overview } from '../state/overview.ts'
import { createPlaces, type PlaceFor } from './place.ts'
import { createSessions, type SessionRequest } from './session.ts'

/** The result of the checks that precede a place. */
export interface Admitted {
  /** The path of the claude program. */
  readonly program: string
  /** The folder that Claude must trust. */
  readonly trustedFolder: string
}

/** A launch of an instance that has its place. */
export interface LaunchRequest extends SessionRequest, Admitted {
  /** For the journal. */
  readonly what: 'started' | 'resumed'
  readonly by: Actor
  /** The processes of an earlier launch, which this launch must not end. */
  readonly before?: readonly ProcessId[]
  /** Restores the state of before the launch, after a failure. */
  readonly undo: () => void
}

export interface Launcher {
  /** @throws ProjectGone ClaudeMissing NotLoggedIn TmuxUnavailable */
  admit(request: {
    readonly workspace: Workspace
    readonly account: string
    /** Launch even though Claude reports no login. */
    readonly force: boolean
  }): Promise<Admitted>
  readonly placeFor: PlaceFor
  /** Resolves when the session exists and the store has the launch. A failure rejects and leaves nothing behind. */
  launch(request: LaunchRequest): Promise<Instance>
}

export interface LaunchOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly overview: Overview
  readonly projects: Projects
  readonly notes: LaunchNotes
  readonly hooks: Pick<Hooks, 'prepare'>
  readonly observer: Observer
  readonly reaper: Reaper
}

// More than can fail at once, and few enough to compare with every listing.
const abandonedMax = 100

export function createLaunch(options: LaunchOptions): Launcher {
  const { deps, ledger, overview, notes, observer, reaper } = options
  const { homes, store, log, launch } = deps
  const placeFor = createPlaces(options)
  const createSession = createSessions({ ...options, placeFor })

  async function createFrom(request: LaunchRequest): Promise<void> {
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
    // The store has the launch before its session exists: if lab is killed now, the next lab looks for it.
    ledger.change(entry, { isReserved: false })
    await written
    await createSession(request)
  }

  async function revert({ entry, before = [], undo }: LaunchRequest, id: string): Promise<void> {
    abandon(deps, id)
    // tmux may have made the session before it refused the rest of the line.
    await reaper.sweep(entry.id, { excluded: before }).catch((error: unknown) => {
      log.warn(
        { err: error, instance: entry.id },
        'lab could not end the processes of a failed start',
      )
    })
    undo()
    notes.remove(id)
    // After the caller has the failure, no later lab must show the launch again.
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
      const { entry, project } = request
      const { id: launchId } = entry.launch
      try {
        // A stop during the launch waits in the queue until the session exists.
        await entry.queue.run(() => createFrom(request))
      } catch (error) {
        log.warn({ err: error, instance: entry.id, project: project.key }, 'a start failed')
        await revert(request, launchId)
        throw error
      }
      record(deps, request)
      overview.publishProject(project.path)
      observer.wake()
      return ledger.present(entry)
    },
  }
}

/** Writes a launch that has its session to the log and the journal. */
function record(
  { journal, log, now }: InstancesDeps,
  { entry, project, what, by, resume: transcript }: LaunchRequest,
): void {
  const { id } = entry
  const { name, isBlank } = entry.launch
  log.info({ instance: id, name, project: project.key, by, transcript }, what)
  const at = new Date(now()).toISOString()
  const launched = { project: project.path, what, by, transcript }
  journal.append({ at, id, name, ...launched, ...(isBlank && { blank: true }) })
}

/** Stores the launch as abandoned. If tmux still makes its session, this lab or the next one removes it. */
function abandon({ store }: InstancesDeps, launchId: string): void {
  store
    .update((facts) => {
      facts.givenUp = [...facts.givenUp, launchId].slice(-abandonedMax)
    })
    .catch(() => undefined)
}
