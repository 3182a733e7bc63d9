// The use case start: refuse, reserve, launch.
import { randomUUID } from 'node:crypto'
import type { Actor, Instance } from '../../core/instance.ts'
import { InvalidRequest, ProjectNotFound } from '../../errors.ts'
import { currentBranch } from '../../projects/projects.ts'
import { reserveEntry, type Entry } from '../state/entry.ts'
import { isWord, type StartSpec } from '../../core/start.ts'
import type { Launch, LaunchOptions, Work } from './launch.ts'
import type { Reaper } from '../../processes/reaper.ts'

export interface Start {
  /** See Instances. */
  start(spec: StartSpec, by: Actor): Promise<Instance>
  /** Makes a place known; from now on it counts, and no listing speaks of it before its session exists. */
  reserve(entry: Entry, branch: string | null): void
  /** Launches what has its place; when that fails, `undo` leaves nothing of it and the failure is thrown. */
  bringUp(work: Work, by: Actor, undo: (entry: Entry) => void): Promise<Instance>
}

// More than can fail at once, and few enough to be looked through at every listing.
const givenUpMax = 100

export function createStart(
  options: LaunchOptions & { readonly launch: Launch; readonly reaper: Reaper },
): Start {
  const { deps, ledger, projects, notes, observer, launch, reaper } = options
  const { store, journal, log, now } = deps

  /** tmux may make the session yet; then it is removed, by the next lab, too. */
  function giveUp(note: string): void {
    store
      .update((facts) => {
        facts.givenUp = [...facts.givenUp, note].slice(-givenUpMax)
      })
      .catch(() => undefined)
  }

  async function bringUp(work: Work, by: Actor, undo: (entry: Entry) => void): Promise<Instance> {
    const { entry, project } = work
    const coming = launch.bringUp(work)
    // A stop that comes meanwhile waits until there is something to stop.
    entry.queue = coming.catch(() => undefined)
    const { id, name, note } = entry
    try {
      await coming
    } catch (error) {
      log.warn({ err: error, instance: id, project: project.key }, 'a start failed')
      giveUp(note)
      // tmux may have made the session before it refused the rest of the line.
      await reaper.sweep(id, { spared: work.before ?? [] })
      undo(entry)
      notes.remove(note)
      // A lab that is killed once the failure is told must not speak of it again.
      await store.flush()
      throw error
    }
    const { what, resume } = work
    log.info({ instance: id, name, project: project.key, by, transcript: resume }, what)
    const at = new Date(now()).toISOString()
    const told = { project: project.path, what, by, transcript: resume }
    journal.append({ at, id, name, ...told, ...(entry.isBlank && { blank: true }) })
    ledger.publish(entry)
    ledger.publishProject(project.path)
    observer.wake()
    return ledger.present(entry)
  }

  function reserve(entry: Entry, branch: string | null): void {
    entry.knownSince = Number.POSITIVE_INFINITY
    entry.branch = branch
    ledger.add(entry)
    ledger.publish(entry)
  }

  async function start(spec: StartSpec, by: Actor): Promise<Instance> {
    const project = projects.find(spec.project)
    projects.refresh()
    if (!project) throw new ProjectNotFound(spec.project)
    checkWords(spec)
    const branch = await currentBranch(project.path).catch(() => null)
    const program = await launch.admit(project, spec.force ?? false)
    // No await before the place is reserved: nobody can come in between.
    const place = launch.placeFor(project, { label: spec.label ?? '' })
    const id = randomUUID()
    const { name, slot, label } = place
    const { model = null, effort = null } = spec
    const identity = { id, name, slot, label, model, effort, projectPath: project.path }
    const at = new Date(now()).toISOString()
    const entry = reserveEntry({ ...identity, note: noteOf(id), now: at })
    reserve(entry, branch)
    const work: Work = { entry, project, program, resume: false, what: 'started' }
    return bringUp(work, by, (failed) => ledger.remove(failed))
  }

  return { start, bringUp, reserve }
}

/** A note of its own for every launch, so that no old one is read for a new. */
export function noteOf(id: string): string {
  return `${id}.${randomUUID().slice(0, 8)}`
}

function checkWords({ model, effort }: StartSpec): void {
  for (const [what, word] of Object.entries({ model, effort }))
    if (word !== undefined && !isWord(word))
      throw new InvalidRequest(`"${what}" is one word, such as a name that Claude Code knows.`)
}
