// The use case start: refuse, reserve, launch.
import { randomUUID } from 'node:crypto'
import type { Actor } from '../../core/actor.ts'
import type { Instance } from '../../core/instance.ts'
import { InvalidRequest, ProjectNotFound } from '../../errors.ts'
import { currentBranch } from '../../projects/projects.ts'
import { newEntry, type Entry } from '../state/entry.ts'
import { isWord, type StartSpec } from '../../core/start.ts'
import type { Launcher, LaunchOptions, Work } from './launch.ts'
import type { Reaper } from '../../processes/reaper.ts'

export interface Start {
  /** See Instances. */
  start(spec: StartSpec, by: Actor): Promise<Instance>
  /** Launches what has its place; when that fails, `undo` leaves nothing of it and the failure is thrown. */
  bringUp(work: Work, by: Actor, undo: (entry: Entry) => void): Promise<Instance>
}

// More than can fail at once, and few enough to be looked through at every listing.
const abandonedMax = 100

export function createStart(
  options: LaunchOptions & { readonly launcher: Launcher; readonly reaper: Reaper },
): Start {
  const { deps, ledger, overview, projects, notes, observer, launcher, reaper } = options
  const { store, journal, log, now, bootId } = deps

  /** Writes the launch down as abandoned: if tmux makes its session yet, this lab or the next removes it. */
  function abandon(launchId: string): void {
    store
      .update((facts) => {
        facts.givenUp = [...facts.givenUp, launchId].slice(-abandonedMax)
      })
      .catch(() => undefined)
  }

  async function bringUp(work: Work, by: Actor, undo: (entry: Entry) => void): Promise<Instance> {
    const { entry, project } = work
    const { id } = entry
    const { id: launchId } = entry.launch
    try {
      // A stop that comes meanwhile waits in the queue until there is something to stop.
      await entry.queue.run(() => launcher.bringUp(work))
    } catch (error) {
      log.warn({ err: error, instance: id, project: project.key }, 'a start failed')
      abandon(launchId)
      // tmux may have made the session before it refused the rest of the line.
      await reaper.sweep(id, { spared: work.before ?? [] })
      undo(entry)
      notes.remove(launchId)
      // A lab that is killed once the failure is told must not speak of it again.
      await store.flush()
      throw error
    }
    const { what, resume } = work
    const { name, isBlank } = entry.launch
    log.info({ instance: id, name, project: project.key, by, transcript: resume }, what)
    const at = new Date(now()).toISOString()
    const told = { project: project.path, what, by, transcript: resume }
    journal.append({ at, id, name, ...told, ...(isBlank && { blank: true }) })
    overview.publishProject(project.path)
    observer.wake()
    return ledger.present(entry)
  }

  async function start(spec: StartSpec, by: Actor): Promise<Instance> {
    const project = projects.find(spec.project)
    projects.refresh()
    if (!project) throw new ProjectNotFound(spec.project)
    checkWords(spec)
    const branch = await currentBranch(project.path).catch(() => null)
    const program = await launcher.admit(project, spec.force ?? false)
    // No await before the place is reserved: nobody can come in between.
    const place = launcher.placeFor(project, { label: spec.label ?? '' })
    const id = randomUUID()
    const at = new Date(now()).toISOString()
    const { name, slot, label } = place
    const { model = null, effort = null } = spec
    const entry = newEntry(
      { id, projectPath: project.path, label, model, effort, createdAt: at },
      { id: launchIdOf(id), name, slot, bootId, now: at },
      branch,
    )
    // From now on its place counts, and no listing speaks of it before its session exists.
    ledger.add(entry)
    const work: Work = { entry, project, program, resume: false, what: 'started' }
    return bringUp(work, by, (failed) => ledger.remove(failed))
  }

  return { start, bringUp }
}

/** An id for every launch, so that lab never reads the note of an earlier launch for a later one. */
export function launchIdOf(id: string): string {
  return `${id}.${randomUUID().slice(0, 8)}`
}

function checkWords({ model, effort }: StartSpec): void {
  for (const [what, word] of Object.entries({ model, effort }))
    if (word !== undefined && !isWord(word))
      throw new InvalidRequest(`"${what}" is one word, such as a name that Claude Code knows.`)
}
