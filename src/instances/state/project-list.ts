// Instances grouped under their projects, in the order of the page.
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import { uniqueKey, type ProjectKey } from '../../core/names.ts'
import type { FoundProject, Projects } from '../../projects/projects.ts'
import type { Facts } from '../../store/facts.ts'
import type { Entry } from './entry.ts'

/** Every project with its live instances and undismissed errors; the last used project comes first. */
export function listProjects(options: {
  readonly found: readonly FoundProject[]
  readonly used: Facts['projects']
  /** In the order of the page. */
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
    // The list keeps a folder that is gone from the disk, to show the instances in it.
    const { projectPath } = entry.spec
    const project = byPath.get(projectPath) ?? add(instance.project, projectPath, true)
    project.instances.push(instance)
  }
  // By sequence number first: a clock may go back. The uses of an older lab have none and come before.
  const orderOf = ({ path }: Project): number => used[path]?.order ?? 0
  return [...byPath.values()].sort((a, b) => orderOf(b) - orderOf(a) || byLastUse(a, b))
}

/** A key for a project whose folder is gone: null when it keeps its old key, another key when that is in use. */
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
  return isTaken || projects.find(key) ? uniqueKey(key, projectPath) : null
}

/** Compares ends by sequence number, because a clock may go back. The ends of an older lab come first. */
export function compareEnds(a: Pick<Entry, 'end'>, b: Pick<Entry, 'end'>): number {
  const [first, second] = [a.end, b.end]
  return (first?.order ?? 0) - (second?.order ?? 0) || compare(first?.at ?? '', second?.at ?? '')
}

/** Sorts by project, slot and age; ended instances of one slot by their ends. */
export function sorted(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort(
    (a, b) =>
      compare(a.spec.projectPath, b.spec.projectPath) ||
      a.launch.slot - b.launch.slot ||
      compareEnds(a, b) ||
      compare(a.spec.createdAt, b.spec.createdAt),
  )
}

/** The live ones first, in the order in which they come, then the ended ones, the latest end first. */
export function endedLast(entries: readonly Entry[]): readonly Entry[] {
  const ended = entries.filter(({ end }) => end).toSorted((a, b) => compareEnds(b, a))
  return [...entries.filter(({ end }) => !end), ...ended]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function byLastUse(a: Project, b: Project): number {
  return compare(b.lastUsedAt ?? '', a.lastUsedAt ?? '') || compare(a.key, b.key)
}
