// The one launch path: who may start, where, and the session that is made. Start and resume call it.
import { stat } from 'node:fs/promises'
import { homeOf } from '../../claude/home.ts'
import { launchArguments, launchEnvironment } from '../../claude/launch.ts'
import { planLaunch, type LaunchPlan } from '../../core/plan.ts'
import { decideStart, type StartDecision, type StartQuestion } from '../../core/start.ts'
import {
  AtCapacity,
  ClaudeMissing,
  InvalidLabel,
  NotLoggedIn,
  ProjectGone,
  StoreUnwritable,
  TmuxFailed,
  TmuxUnavailable,
} from '../../errors.ts'
import { environmentNames, readProcess, type ProcessId } from '../../processes/proc.ts'
import type { FoundProject, Projects } from '../../projects/projects.ts'
import { answerOf, Unreadable } from '../../read-file.ts'
import { keeperArgv } from '../../tmux/keeper.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import { metadataOf } from '../state/metadata.ts'
import type { Ledger } from '../state/ledger.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import type { Overview } from '../state/overview.ts'
import type { Observer } from '../observe/observer.ts'

/** An instance that has its place and is to be brought up. */
export interface Work {
  readonly entry: Entry
  readonly project: FoundProject
  readonly program: string
  /** Continue the conversation instead of beginning it. */
  readonly resume: boolean
  /** For the journal. */
  readonly what: 'started' | 'resumed'
  /** What an earlier launch left, which is none of this one's. */
  readonly before?: readonly ProcessId[]
}

export type Place = Extract<StartDecision, { ok: true }>

export interface Launcher {
  /** The program to run. @throws ProjectGone ClaudeMissing NotLoggedIn TmuxUnavailable */
  admit(project: FoundProject, force: boolean): Promise<string>
  /** The name and slot of a new instance; decided and to be taken in one turn of the event loop. @throws AtCapacity InvalidLabel */
  placeFor(project: FoundProject, request: Pick<StartQuestion, 'label' | 'slotWanted'>): Place
  /** Resolves when the session exists and the store knows of it; on a failure nothing of it exists. */
  bringUp(work: Work): Promise<void>
}

export interface LaunchOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly overview: Overview
  readonly projects: Projects
  readonly notes: LaunchNotes
  readonly observer: Observer
}

// Others may take names meanwhile; each refusal by tmux names one more that is taken.
const collisionsMax = 20

export function createLaunch({ deps, ledger, overview, notes, observer }: LaunchOptions): Launcher {
  const { tmux, homes, store, launch, instancesMax } = deps

  function placeFor(
    project: FoundProject,
    request: Pick<StartQuestion, 'label' | 'slotWanted'>,
    collisions: readonly string[] = [],
  ): Place {
    const names = [
      ...overview.namesHeld(project.key),
      ...overview.foreign().map(({ name }) => name),
      ...collisions,
    ]
    // A second try holds its place under the cap already.
    const used = ledger.cap().used - (collisions.length > 0 ? 1 : 0)
    const decision = decideStart({
      ...request,
      key: project.key,
      names,
      capMax: instancesMax,
      used,
    })
    if (decision.ok) return decision
    throw decision.code === 'at_capacity'
      ? new AtCapacity(instancesMax)
      : new InvalidLabel(decision.reason)
  }

  function planOf({ entry, program, resume }: Work): LaunchPlan {
    const { id, spec } = entry
    const { id: launchId, name, conversation } = entry.launch
    const { environment, passEnv, stateDir } = launch
    const { server } = store.facts
    const inherited = server ? environmentNames(server.pid) : []
    const settingsFile = notes.settingsPathOf(launchId)
    const choices = { conversation, resume, model: spec.model, effort: spec.effort }
    return planLaunch({ name, cwd: spec.projectPath, metadata: metadataOf(entry) }, [
      launchEnvironment({ lab: environment, inherited, passEnv, stateDir, id }),
      { env: homeOf(homes).environment },
      launchArguments({ claude: program, name, settingsFile, ...choices }),
    ])
  }

  function writeLaunchFile(launchId: string, { settings }: LaunchPlan): void {
    try {
      notes.writeSettings(launchId, settings)
    } catch (error) {
      throw new StoreUnwritable(launch.stateDir, { cause: error })
    }
  }

  async function create(work: Work): Promise<void> {
    const { entry } = work
    const { id: launchId } = entry.launch
    const plan = planOf(work)
    const { nofile, historyLimit } = launch
    writeLaunchFile(launchId, plan)
    const argv = keeperArgv({ nofile, noteFile: notes.pathOf(launchId), argv: plan.argv })
    const { paneId, pid } = await tmux.newSession({ ...plan, argv, historyLimit })
    const keeper = readProcess(pid)
    // tmux's server begins a pane's process itself; the next listing tells the same.
    const start = keeper && readProcess(keeper.parent)?.start
    ledger.change(entry, {
      launch: {
        keeper: keeper && { pid, start: keeper.start },
        server: keeper && { pid: keeper.parent, start: start ?? null },
      },
      seen: { session: { isMoved: false, paneId, panePid: pid }, knownSince: observer.begun() },
    })
  }

  async function createUnderFreeName(work: Work): Promise<void> {
    const { entry, project } = work
    const collisions: string[] = []
    for (;;) {
      try {
        await create(work)
        return
      } catch (error) {
        const taken = error instanceof TmuxFailed && error.stderr.includes('duplicate session')
        if (!taken || collisions.length >= collisionsMax) throw error
        collisions.push(entry.launch.name)
        const { name, slot } = placeFor(project, { label: entry.spec.label ?? '' }, collisions)
        ledger.change(entry, { launch: { name, slot } })
      }
    }
  }

  return {
    async admit(project, force) {
      await lookAt(project.path)
      const { program: claude, loginCommand } = homeOf(homes)
      const program = claude.locate()
      claude.refresh()
      if (program === null) throw new ClaudeMissing(launch.command)
      if (!force && claude.login() === 'logged_out') throw new NotLoggedIn(loginCommand)
      if (!overview.isReadable()) throw new TmuxUnavailable('the state of its sessions is unknown')
      return program
    },
    placeFor: (project, request) => placeFor(project, request),
    async bringUp(work) {
      const { entry, project } = work
      await homeOf(homes).trust(project.path)
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
      await createUnderFreeName(work)
    },
  }
}

/** @throws ProjectGone when there is no folder, or its disk does not answer */
async function lookAt(path: string): Promise<void> {
  const found = await answerOf(`stat ${path}`, () => stat(path)).catch((error: unknown) => {
    throw new ProjectGone(path, { isSilent: error instanceof Unreadable })
  })
  if (!found.isDirectory()) throw new ProjectGone(path)
}
