// The picture of the projects root: every repository with its key, kept fresh behind the requests.
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
  /** Sorted by key, as of the last scan; one that was cut short takes nothing away. */
  all(): readonly FoundProject[]
  /** The project of that key, or null. */
  find(key: string): FoundProject | null
  /** The key under which a path is known now, or null. */
  keyOf(path: string): ProjectKey | null
  /** The folders below the root that the last scan could not read, relative to it. */
  unread(): ScanResult['unreadable']
  /** Whether the root itself was a repository at the last scan; what is in it is then not listed. */
  rootIsRepository(): boolean
  /** Asks for a new scan without waiting; one at a time, at most every `restMs`. */
  refresh(): void
  /** The first scan. A root that does not answer is said and passed over. @throws when it cannot be read */
  open(): Promise<void>
  /** Waits for the scan that runs, or else for one that starts now. @throws when the root cannot be read */
  scan(): Promise<void>
}

export interface ProjectsOptions {
  readonly root: string
  readonly bounds?: ScanBounds
  /** The rest between two scans that were asked for by `refresh`. */
  readonly restMs?: number
  readonly onChange: () => void
  readonly log: Log
}

/** Keeps the list of projects; `onChange` is called when a scan found other projects than before. */
export function createProjects(options: ProjectsOptions): Projects {
  const { root, bounds = defaultBounds, restMs = 1000, onChange, log } = options
  let byKey = new Map<string, FoundProject>()
  let byPath = new Map<string, ProjectKey>()
  let running: Promise<void> | null = null
  let lastEnd = Number.NEGATIVE_INFINITY
  let warned = ''
  let isRepository = false
  let unread: ScanResult['unreadable'] = []

  // Said once per picture, not at every page load.
  function warnOnce(message: string, fields: Record<string, unknown>): void {
    const said = JSON.stringify([message, fields])
    if (said !== warned) log.warn(fields, message)
    warned = said
  }

  function take({ paths: seen, unreadable, complete }: ScanResult): void {
    unread = unreadable
    // A slow disk must not take projects off the page, nor give another one their key.
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
        warnOnce('the projects root cannot be read', { root, err: error }),
      )
    },
    scan,
    open: () =>
      scan().catch((error: unknown) => {
        if (!(error instanceof Unreadable)) throw error
        warnOnce('the projects root does not answer; what runs is shown all the same', { root })
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
