// The picture of the projects root: every repository with its key, kept fresh behind the requests.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { assignKeys, type ProjectKey } from '../core/names.ts'
import { defaultBounds, scanProjects, type ScanBounds, type ScanResult } from './scan.ts'

export interface FoundProject {
  readonly key: ProjectKey
  /** Absolute. */
  readonly path: string
}

export interface Projects {
  readonly root: string
  /** Sorted by key, as of the last scan. */
  all(): readonly FoundProject[]
  /** The project of that key, or null. */
  find(key: string): FoundProject | null
  /** The key under which a path is known now, or null. */
  keyOf(path: string): ProjectKey | null
  /** Asks for a new scan without waiting; one at a time, at most every `restMs`. */
  refresh(): void
  /** Waits for a scan that starts now. @throws when the root cannot be read */
  scan(): Promise<void>
}

export interface ProjectsOptions {
  readonly root: string
  readonly bounds?: ScanBounds
  /** The rest between two scans that were asked for by `refresh`. */
  readonly restMs?: number
  readonly onChange: () => void
  readonly warn: (message: string, fields: Record<string, unknown>) => void
}

/** Keeps the list of projects; `onChange` is called when a scan found other projects than before. */
export function createProjects(options: ProjectsOptions): Projects {
  const { root, bounds = defaultBounds, restMs = 1000, onChange, warn } = options
  let byKey = new Map<string, FoundProject>()
  let byPath = new Map<string, ProjectKey>()
  let running: Promise<void> | null = null
  let lastEnd = 0
  let warned = ''

  function take({ paths, unreadable, complete }: ScanResult): void {
    const keys = assignKeys(paths)
    const projects = paths.map((path) => ({ key: keys.get(path)!, path: join(root, path) }))
    projects.sort((a, b) => (a.key < b.key ? -1 : 1))
    const before = JSON.stringify([...byKey.values()])
    byKey = new Map(projects.map((project) => [project.key, project]))
    byPath = new Map(projects.map((project) => [project.path, project.key]))
    // Said once per picture, not at every page load.
    const trouble = JSON.stringify([unreadable, complete])
    if (trouble !== warned && (unreadable.length > 0 || !complete))
      warn('parts of the projects root were not read', { root, unreadable, complete })
    warned = trouble
    if (before !== JSON.stringify(projects)) onChange()
  }

  function scan(): Promise<void> {
    running ??= scanProjects(root, bounds)
      .then(take)
      .finally(() => {
        running = null
        lastEnd = Date.now()
      })
    return running
  }

  return {
    root,
    all: () => [...byKey.values()],
    find: (key) => byKey.get(key) ?? null,
    keyOf: (path) => byPath.get(path) ?? null,
    refresh() {
      if (running || Date.now() - lastEnd < restMs) return
      scan().catch((error: unknown) =>
        warn('the projects root cannot be read', { root, err: error }),
      )
    },
    scan,
  }
}

/** The branch checked out in a repository; null when detached or unreadable. */
export function currentBranch(path: string): string | null {
  try {
    let gitDir = join(path, '.git')
    const pointer = readGitFile(gitDir)
    if (pointer) gitDir = resolve(path, pointer)
    const head = readFileSync(join(gitDir, 'HEAD'), 'utf8')
    return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1] ?? null
  } catch {
    return null
  }
}

/** Where a `.git` file points; null for a `.git` directory. */
function readGitFile(path: string): string | null {
  try {
    return /^gitdir: (.+)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? null
  } catch {
    return null
  }
}
