// The start: refuse, reserve, plan, create. The one launch path.
import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { launchArgv, launchEnvironment } from '../claude/launch.ts'
import { seedTrust } from '../claude/trust.ts'
import type { Actor, Instance } from '../core/instance.ts'
import { decideStart, type StartDecision } from '../core/start.ts'
import {
  AtCapacity,
  ClaudeMissing,
  InvalidLabel,
  InvalidRequest,
  NotLoggedIn,
  ProjectGone,
  ProjectNotFound,
  TmuxFailed,
  TmuxUnavailable,
} from '../errors.ts'
import { currentBranch, type FoundProject, type Projects } from '../projects/projects.ts'
import { environmentNames } from '../processes.ts'
import { keeperArgv } from '../tmux/keeper.ts'
import type { InstancesDeps } from './deps.ts'
import { metadataOf, recordOf, reserveEntry, type Entry } from './entry.ts'
import type { StartSpec } from './instances.ts'
import type { Ledger } from './ledger.ts'
import type { Notes } from './notes.ts'
import type { Observer } from './observer.ts'

export interface StartOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly projects: Projects
  readonly notes: Notes
  readonly observer: Observer
}

/** A start that has its place. */
interface Work {
  readonly entry: Entry
  readonly spec: StartSpec
  readonly project: FoundProject
  readonly program: string
}

type Place = Extract<StartDecision, { ok: true }>

// Others may take names meanwhile; each refusal by tmux names one more that is taken.
const collisionsMax = 20

/** Returns the use case `start`; see Instances. */
export function createStart(
  options: StartOptions,
): (spec: StartSpec, by: Actor) => Promise<Instance> {
  const { deps, ledger, projects, notes, observer } = options
  const { tmux, claude, store, journal, log, bootId, launch, instancesMax, now } = deps

  function placeFor(project: FoundProject, label: string, collisions: readonly string[]): Place {
    const names = [
      ...ledger.namesHeld(project.key),
      ...ledger.foreign().map(({ name }) => name),
      ...collisions,
    ]
    const used = ledger.cap().used - (collisions.length > 0 ? 1 : 0)
    const decision = decideStart({ key: project.key, label, names, capMax: instancesMax, used })
    if (decision.ok) return decision
    throw decision.code === 'at_capacity'
      ? new AtCapacity(instancesMax)
      : new InvalidLabel(decision.reason)
  }

  function reserve(spec: StartSpec, project: FoundProject): Entry {
    const place = placeFor(project, spec.label ?? '', [])
    const id = randomUUID()
    const entry = reserveEntry({
      id,
      name: place.name,
      slot: place.slot,
      label: place.label,
      model: spec.model ?? null,
      projectPath: project.path,
      note: `${id}.${randomUUID().slice(0, 8)}`,
      now: new Date(now()).toISOString(),
    })
    // No listing knows of it before its session exists.
    entry.knownSince = Number.POSITIVE_INFINITY
    entry.branch = currentBranch(project.path)
    ledger.add(entry)
    return entry
  }

  async function create({ entry, spec, program }: Work): Promise<void> {
    const server = store.facts.server
    const environment = launchEnvironment({
      lab: launch.environment,
      inherited: server ? environmentNames(server.pid) : [],
      paths: launch.paths,
      stateDir: launch.stateDir,
      id: entry.id,
    })
    const agent = launchArgv({
      claude: program,
      name: entry.name,
      conversation: entry.conversation,
      resume: false,
      settingsFile: launch.settingsFile,
      model: entry.model,
      effort: spec.effort ?? null,
    })
    const created = await tmux.newSession({
      name: entry.name,
      cwd: entry.projectPath,
      env: environment.set,
      unset: environment.unset,
      argv: keeperArgv({ nofile: launch.nofile, noteFile: notes.pathOf(entry.note), argv: agent }),
      metadata: metadataOf(entry),
      historyLimit: launch.historyLimit,
    })
    const { sessionId, paneId, pid } = created
    entry.session = { sessionId, paneId, panePid: pid }
    entry.knownSince = observer.begun()
  }

  async function createUnderFreeName(work: Work): Promise<void> {
    const { entry, spec, project } = work
    const collisions: string[] = []
    for (;;) {
      try {
        await create(work)
        return
      } catch (error) {
        const taken = error instanceof TmuxFailed && error.stderr.includes('duplicate session')
        if (!taken || collisions.length >= collisionsMax) throw error
        collisions.push(entry.name)
        const { name, slot } = placeFor(project, spec.label ?? '', collisions)
        entry.name = name
        entry.slot = slot
      }
    }
  }

  async function bringUp(work: Work): Promise<void> {
    const { entry, project } = work
    try {
      await seedTrust(launch.paths.configFile, project.path)
      await store.update((facts) => {
        facts.projects[project.path] = { lastUsedAt: entry.createdAt }
        facts.instances.push(recordOf(entry, bootId))
      })
      await createUnderFreeName(work)
      ledger.save(entry)
    } catch (error) {
      log.warn({ err: error, project: project.key }, 'a start failed')
      ledger.remove(entry)
      throw error
    }
  }

  /** Refuses what cannot start; returns where it would run and the program it would run. */
  function admit(spec: StartSpec): { project: FoundProject; program: string } {
    const project = projects.find(spec.project)
    projects.refresh()
    if (!project) throw new ProjectNotFound(spec.project)
    if (!isDirectory(project.path)) throw new ProjectGone(project.path)
    checkWords(spec)
    const program = claude.locate()
    claude.refresh()
    if (program === null) throw new ClaudeMissing(launch.command)
    if (!spec.force && claude.login() === 'logged_out') throw new NotLoggedIn()
    if (!ledger.readable()) throw new TmuxUnavailable('the state of its sessions is unknown')
    return { project, program }
  }

  return async (spec, by) => {
    // No await before the place is reserved: nobody can come in between.
    const { project, program } = admit(spec)
    const entry = reserve(spec, project)
    ledger.publish(entry)
    const work = bringUp({ entry, spec, project, program })
    // A stop that comes meanwhile waits until there is something to stop.
    entry.queue = work.catch(() => undefined)
    await work
    const { id, name, createdAt } = entry
    log.info({ instance: id, name, project: project.key, by }, 'started')
    journal.append({ at: createdAt, id, name, project: project.path, what: 'started', by })
    ledger.publish(entry)
    ledger.publishProject(project.path)
    observer.wake()
    return ledger.present(entry)
  }
}

const wordPattern = /^[A-Za-z0-9][A-Za-z0-9._:[\]-]{0,99}$/

function checkWords({ model, effort }: StartSpec): void {
  for (const [what, word] of Object.entries({ model, effort }))
    if (word !== undefined && !wordPattern.test(word))
      throw new InvalidRequest(`"${what}" is one word, such as a name that Claude Code knows.`)
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
