// Makes the tmux session that runs the agent of an instance that has its place.
import { homeOf } from '../../claude/home.ts'
import { launchHooks } from '../../claude/hooks/shim.ts'
import { launchArguments, launchEnvironment } from '../../claude/launch.ts'
import type { Launch } from '../../core/instance.ts'
import { colourOf } from '../../core/names.ts'
import { planLaunch, type LaunchPlan } from '../../core/plan.ts'
import { StoreUnwritable, TmuxFailed } from '../../errors.ts'
import { environmentNames, readProcess } from '../../processes/proc.ts'
import type { FoundProject } from '../../projects/projects.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import { keeperArgv } from '../../tmux/keeper.ts'
import type { Hooks } from '../questions/hooks.ts'
import type { Observer } from '../observe/observer.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import { metadataOf } from '../state/metadata.ts'
import type { PlaceFor } from './place.ts'

/** A request for the session of one launch. */
export interface SessionRequest {
  readonly entry: Entry
  readonly project: FoundProject
  /** The path of the claude program. */
  readonly program: string
  /** Continue the conversation instead of beginning it. */
  readonly resume: boolean
  /** The first prompt. Only this launch gets it; lab does not store it. */
  readonly prompt?: string | undefined
}

// Other programs may take names at the same time; each refusal by tmux adds one more taken name.
const collisionsMax = 20

/** Returns the function that makes a session. When tmux reports that a name is taken, it takes another name. */
export function createSessions(options: {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly notes: LaunchNotes
  readonly hooks: Pick<Hooks, 'prepare'>
  readonly observer: Observer
  readonly placeFor: PlaceFor
}): (request: SessionRequest) => Promise<void> {
  const { deps, ledger, notes, hooks, observer, placeFor } = options

  async function create(request: SessionRequest): Promise<void> {
    const { entry } = request
    const { id: launchId } = entry.launch
    const { nofile, historyLimit } = deps.launch
    const plan = planOf(request, deps, notes.settingsPathOf(launchId))
    try {
      notes.writeSettings(launchId, plan.settings)
      notes.removeSettings(entry.id, launchId)
      hooks.prepare(entry.id)
    } catch (error) {
      throw new StoreUnwritable(deps.launch.stateDir, { cause: error })
    }
    const argv = keeperArgv({ nofile, noteFile: notes.pathOf(launchId), argv: plan.argv })
    const { sessionId, paneId, pid } = await deps.tmux.newSession({ ...plan, argv, historyLimit })
    const seen = { session: { isMoved: false, paneId, panePid: pid }, knownSince: observer.begun() }
    ledger.change(entry, { launch: identityOf(pid), seen })
    deps.tmux.dress(sessionId, colourOf(entry.spec.projectKey)).catch((error: unknown) => {
      const message = 'lab could not give the session its colour and status line'
      deps.log.warn({ err: error, instance: entry.id }, message)
    })
  }

  return async (request) => {
    const { entry, project } = request
    const collisions: string[] = []
    for (;;) {
      try {
        return await create(request)
      } catch (error) {
        const isTaken = error instanceof TmuxFailed && error.stderr.includes('duplicate session')
        if (!isTaken || collisions.length >= collisionsMax) throw error
        collisions.push(entry.launch.name)
        const { name, slot } = placeFor(project, { label: entry.spec.label ?? '' }, collisions)
        ledger.change(entry, { launch: { name, slot } })
      }
    }
  }
}

/**
 * The keeper, and the tmux server that began it, by identity. Where /proc cannot be read now, the next
 * listing tells: the session is made, and nothing may take it for a failed start.
 */
function identityOf(pid: number): Pick<Launch, 'keeper' | 'server'> {
  try {
    const keeper = readProcess(pid)
    if (!keeper) return { keeper: null, server: null }
    const server = { pid: keeper.parent, start: readProcess(keeper.parent)?.start ?? null }
    return { keeper: { pid, start: keeper.start }, server }
  } catch {
    return { keeper: null, server: null }
  }
}

/** Makes the launch plan from the contributions of the workspace, the account and Claude Code. */
function planOf(
  { entry, program, resume, prompt }: SessionRequest,
  { homes, store, launch }: InstancesDeps,
  settingsFile: string,
): LaunchPlan {
  const { id, workspace, model, effort, mode } = entry.spec
  const { name, account, conversation } = entry.launch
  const { environment: lab, passEnv, stateDir } = launch
  const { server } = store.facts
  const inherited = server ? environmentNames(server.pid) : []
  const choices = { conversation, resume, model, effort, mode, prompt }
  return planLaunch({ name, cwd: workspace.cwd, metadata: metadataOf(entry) }, [
    launchEnvironment({ lab, inherited, passEnv, stateDir, id }),
    { env: homeOf(homes, account).environment },
    launchArguments({ claude: program, name, settingsFile, ...choices }),
    launchHooks(),
  ])
}
