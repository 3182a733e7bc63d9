// The use cases start and resume: refuse, reserve, launch.
import { randomUUID } from 'node:crypto'
import { hasTranscript } from '../claude/transcript.ts'
import { isLive, type Actor, type Instance, type Outcome } from '../core/instance.ts'
import {
  AlreadyRunning,
  InvalidRequest,
  LabError,
  ProjectGone,
  ProjectNotFound,
} from '../errors.ts'
import { currentBranch, type FoundProject } from '../projects/projects.ts'
import { resetForLaunch, reserveEntry, type Entry } from './entry.ts'
import type { StartSpec } from '../core/start.ts'
import type { Launch, LaunchOptions, Work } from './launch.ts'
import type { Sweeper } from './sweeper.ts'

export interface Start {
  /** See Instances. */
  start(spec: StartSpec, by: Actor): Promise<Instance>
  /** Continues an ended instance's conversation under its id and label. */
  resume(entry: Entry, by: Actor): Promise<Instance>
  /** Resumes several: places are taken at once, the launches follow a second apart. */
  resumeAll(entries: readonly Entry[], by: Actor): Promise<readonly Outcome[]>
}

export function createStart(
  options: LaunchOptions & { readonly launch: Launch; readonly sweeper: Sweeper },
): Start {
  const { deps, ledger, projects, observer, launch, sweeper } = options
  const { journal, log, now } = deps
  const nowIso = (): string => new Date(now()).toISOString()

  async function bringUp(work: Work, by: Actor, undo: (entry: Entry) => void): Promise<Instance> {
    const { entry, project } = work
    ledger.publish(entry)
    const coming = launch.bringUp(work)
    // A stop that comes meanwhile waits until there is something to stop.
    entry.queue = coming.catch(() => undefined)
    const { id, name } = entry
    try {
      await coming
    } catch (error) {
      log.warn({ err: error, instance: id, project: project.key }, 'a start failed')
      undo(entry)
      throw error
    }
    const what = work.resume ? 'resumed' : 'started'
    log.info({ instance: id, name, project: project.key, by }, what)
    journal.append({ at: nowIso(), id, name, project: project.path, what, by })
    ledger.publish(entry)
    ledger.publishProject(project.path)
    observer.wake()
    return ledger.present(entry)
  }

  function reserve(entry: Entry, projectPath: string): void {
    // No listing knows of it before its session exists.
    entry.knownSince = Number.POSITIVE_INFINITY
    entry.branch = currentBranch(projectPath)
    ledger.add(entry)
  }

  async function start(spec: StartSpec, by: Actor): Promise<Instance> {
    const project = projects.find(spec.project)
    projects.refresh()
    if (!project) throw new ProjectNotFound(spec.project)
    checkWords(spec)
    const program = launch.admit(project, spec.force ?? false)
    // No await before the place is reserved: nobody can come in between.
    const place = launch.placeFor(project, { label: spec.label ?? '' })
    const id = randomUUID()
    const { name, slot, label } = place
    const model = spec.model ?? null
    const projectPath = project.path
    const entry = reserveEntry({
      id,
      name,
      slot,
      label,
      model,
      projectPath,
      note: noteOf(id),
      now: nowIso(),
    })
    reserve(entry, projectPath)
    const work = { entry, project, program, resume: false, effort: spec.effort ?? null }
    return bringUp(work, by, (failed) => ledger.remove(failed))
  }

  /** Never two processes on one conversation: they would both append, and a branch of it be lost. */
  function refuseIfLive(entry: Entry): void {
    if (isLive(entry.state)) throw new AlreadyRunning(entry.name, [])
    const twin = ledger.live().find((other) => other.conversation === entry.conversation)
    if (twin) throw new AlreadyRunning(twin.name, [])
  }

  /** Takes a place for an ended instance; the returned function launches it. */
  async function reserveResume(entry: Entry, by: Actor): Promise<() => Promise<Instance>> {
    refuseIfLive(entry)
    // What ended it may still be sweeping.
    await entry.queue
    const left = (await sweeper.belongings(entry.id, null)).map(({ pid }) => pid)
    if (left.length > 0) throw new AlreadyRunning(entry.name, left)
    // Asked again: from here on nobody can come in between.
    refuseIfLive(entry)
    const project = projectOf(entry)
    const program = launch.admit(project, false)
    const place = launch.placeFor(project, { label: entry.label ?? '', slotWanted: entry.slot })
    const before = { ...entry }
    const { name, slot } = place
    resetForLaunch(entry, { name, slot, note: noteOf(entry.id), now: nowIso() })
    ledger.move(entry, 'starting', { by })
    reserve(entry, project.path)
    ledger.publish(entry)
    const resume = hasTranscript(deps.launch.paths, entry.conversation)
    const undo = (failed: Entry): void => {
      Object.assign(failed, before, { queue: failed.queue })
      void ledger.save(failed)
      ledger.publish(failed)
      ledger.publishCap()
    }
    return () => bringUp({ entry, project, program, resume, effort: null }, by, undo)
  }

  async function resumeAll(entries: readonly Entry[], by: Actor): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    let delay = 0
    for (const entry of entries) {
      const { id, name } = entry
      try {
        const bringUpNow = await reserveResume(entry, by)
        setTimeout(() => {
          // Stopped before its turn came: then there is nothing to launch.
          if (entry.state === 'starting') bringUpNow().catch(() => undefined)
        }, delay)
        delay += resumeApartMs
        outcomes.push({ id, name: entry.name, outcome: 'starting' })
      } catch (error) {
        outcomes.push(failedOutcome({ id, name }, error))
      }
    }
    return outcomes
  }

  function projectOf(entry: Entry): FoundProject {
    const key = projects.keyOf(entry.projectPath)
    if (key === null) throw new ProjectGone(entry.projectPath)
    return { key, path: entry.projectPath }
  }

  return {
    start,
    resume: async (entry, by) => (await reserveResume(entry, by))(),
    resumeAll,
  }
}

/** A note of its own for every launch, so that no old one is read for a new. */
function noteOf(id: string): string {
  return `${id}.${randomUUID().slice(0, 8)}`
}

// Several agents that refresh one login in the same moment have logged each other out.
const resumeApartMs = 1000

/** The outcome of one instance's part of a request that failed for it. */
export function failedOutcome(of: { id: string; name: string }, error: unknown): Outcome {
  const known = error instanceof LabError
  const code = known ? error.code : 'internal'
  const message = known ? error.message : 'Something went wrong.'
  return { ...of, outcome: 'failed', error: { code, message } }
}

const wordPattern = /^[A-Za-z0-9][A-Za-z0-9._:[\]-]{0,99}$/

function checkWords({ model, effort }: StartSpec): void {
  for (const [what, word] of Object.entries({ model, effort }))
    if (word !== undefined && !wordPattern.test(word))
      throw new InvalidRequest(`"${what}" is one word, such as a name that Claude Code knows.`)
}
