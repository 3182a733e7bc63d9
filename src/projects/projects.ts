// The list of projects below the root, each with its key. Scans run in the background.
import { lstat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Log } from '../log.ts'
import { assignKeys, type ProjectKey } from '../core/names.ts'
import { answerOf, Unreadable } from '../read-file.ts'
import { defaultBounds, scanProjects, type ScanBounds, type ScanResult } from './scan.ts'

export interface FoundProject {
  readonly key: ProjectKey
  /** Absolute. */
  readonly path: string
}

export interface Projects {
  readonly root: string
  /** The projects of the last scan, sorted by key. A scan that was cut short removes none. */
  all(): readonly FoundProject[]
  /** The project of that key, or null. */
  find(key: string): FoundProject | null
  /** The key of the project at a path, or null. */
  keyOf(path: string): ProjectKey | null
  /** The folders below the root that the last scan could not read, relative to it. */
  unread(): ScanResult['unreadable']
  /** Whether the root itself was a repository at the last scan; lab then lists nothing in it. */
  rootIsRepository(): boolean
  /** Starts a scan and returns at once; one scan at a time, at most every `restMs`. */
  refresh(): void
  /** Scans for the first time. It logs a root that does not answer. @throws when lab cannot read the root */
  open(): Promise<void>
  /** Waits for the running scan, or for one that starts now. @throws when lab cannot read the root */
  scan(): Promise<void>
}

export interface ProjectsOptions {
  readonly root: string
  readonly bounds?: ScanBounds
  /** The pause between two scans of `refresh`. */
  readonly restMs?: number
  readonly onChange: () => void
  readonly log: Log
}

/** Keeps the list of projects. It calls `onChange` when a scan finds other projects than before. */
export function createProjects(options: ProjectsOptions): Projects {
  const { root, bounds = defaultBounds, restMs = 1000, onChange, log } = options
  let byKey = new Map<string, FoundProject>()
  let byPath = new Map<string, ProjectKey>()
  let running: Promise<void> | null = null
  let lastEnd = Number.NEGATIVE_INFINITY
  let warned = ''
  let isRepository = false
  let unread: ScanResult['unreadable'] = []

  // Logs a warning once, not at every page load.
  function warnOnce(message: string, fields: Record<string, unknown>): void {
    const warning = JSON.stringify([message, fields])
    if (warning !== warned) log.warn(fields, message)
    warned = warning
  }

  function take({ paths: seen, unreadable, complete }: ScanResult): void {
    unread = unreadable
    // A slow disk must not remove projects from the page, nor give their keys to other projects.
    const known = complete ? [] : [...byPath.keys()].map((path) => relative(root, path))
    const paths = [...new Set([...seen, ...known])]
    const keys = assignKeys(paths)
    const projects = paths.map((path) => ({ key: keys.get(path)!, path: join(root, path) }))
    projects.sort((a, b) => (a.key < b.key ? -1 : 1))
    const before = JSON.stringify([...byKey.values()])
    byKey = new Map(projects.map((project) => [project.key, project]))
    byPath = new Map(projects.map((project) => [project.path, project.key]))
    if (unreadable.length > 0 || !complete)
      warnOnce('parts of the projects root were not read', { root, unreadable, complete })
    else warned = ''
    if (before !== JSON.stringify(projects)) onChange()
  }

  function scan(): Promise<void> {
    running ??= scanProjects(root, bounds)
      .then(take)
      .then(async () => void (isRepository = await hasGit(root)))
      .finally(() => {
        running = null
        lastEnd = performance.now()
      })
    return running
  }

  return {
    root,
    all: () => [...byKey.values()],
    find: (key) => byKey.get(key) ?? null,
    keyOf: (path) => byPath.get(path) ?? null,
    unread: () => unread,
    refresh() {
      if (running || performance.now() - lastEnd < restMs) return
      scan().catch((error: unknown) =>
        warnOnce('lab cannot read the projects root', { root, err: error }),
      )
    },
    scan,
    open: () =>
      scan().catch((error: unknown) => {
        if (!(error instanceof Unreadable)) throw error
        warnOnce('the projects root does not answer; lab still shows what runs', { root })
      }),
    rootIsRepository: () => isRepository,
  }
}

async function hasGit(folder: string): Promise<boolean> {
  const git = join(folder, '.git')
  return answerOf(`lstat ${git}`, () => lstat(git)).then(
    () => true,
    () => false,
  )
}
