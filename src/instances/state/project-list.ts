// Instances grouped under their projects, in the order in which they are shown.
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import { keyBeside, type ProjectKey } from '../../core/names.ts'
import type { FoundProject, Projects } from '../../projects/projects.ts'
import type { Facts } from '../../store/facts.ts'
import type { Entry } from './entry.ts'

/** Every project with its live instances and undismissed errors, the last used first. */
export function listProjects(options: {
  readonly found: readonly FoundProject[]
  readonly used: Facts['projects']
  /** In the order in which they are shown. */
  readonly entries: readonly Entry[]
  readonly lastShown: (entry: Entry) => Instance
}): readonly Project[] {
  const { found, used, entries, lastShown } = options
  const byPath = new Map<string, Project & { instances: Instance[] }>()
  const add = (key: string, path: string, gone = false): Project & { instances: Instance[] } => {
    const lastUsedAt = used[path]?.lastUsedAt ?? null
    const project = { key, path, lastUsedAt, instances: [], ...(gone && ({ gone } as const)) }
    byPath.set(path, project)
    return project
  }
  for (const { key, path } of found) add(key, path)
  for (const entry of entries) {
    const instance = lastShown(entry)
    if (!isOpen({ state: entry.state, dismissed: instance.dismissed })) continue
    // A folder that is gone from the disk still shows what runs in it.
    const { projectPath } = entry.spec
    const project = byPath.get(projectPath) ?? add(instance.project, projectPath, true)
    project.instances.push(instance)
  }
  // By their sequence first: a clock may go back, and what an older lab used came before.
  const orderOf = ({ path }: Project): number => used[path]?.order ?? 0
  return [...byPath.values()].sort((a, b) => orderOf(b) - orderOf(a) || byLastUse(a, b))
}

/** The key of a folder that is gone from the disk: null for the one it had, unless that is another's now. */
export function keyOfGone(
  { spec: { projectPath, projectKey: key } }: Entry,
  { entries, projects }: { entries: readonly Entry[]; projects: Projects },
): ProjectKey | null {
  const isTaken = entries.some(
    ({ spec: other }) =>
      other.projectPath !== projectPath &&
      projects.keyOf(other.projectPath) === null &&
      other.projectKey === key,
  )
  return isTaken || projects.find(key) ? keyBeside(key, projectPath) : null
}

/** Which ended first, by their sequence: a clock may go back. What an older lab left came before. */
export function compareEnds(a: Pick<Entry, 'end'>, b: Pick<Entry, 'end'>): number {
  const [one, other] = [a.end, b.end]
  return (one?.order ?? 0) - (other?.order ?? 0) || compare(one?.at ?? '', other?.at ?? '')
}

/** In order of project, slot and age; the ended ones of a slot in the order of their ends. */
export function sorted(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort(
    (a, b) =>
      compare(a.spec.projectPath, b.spec.projectPath) ||
      a.launch.slot - b.launch.slot ||
      compareEnds(a, b) ||
      compare(a.spec.createdAt, b.spec.createdAt),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function byLastUse(a: Project, b: Project): number {
  return compare(b.lastUsedAt ?? '', a.lastUsedAt ?? '') || compare(a.key, b.key)
}
