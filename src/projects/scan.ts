// Finds the git repositories under a root. Reads directories only; follows no symlink.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ScanBounds {
  /** Folders below the root that are looked into. */
  readonly depthMax: number
  readonly timeoutMs: number
}

export interface ScanResult {
  /** Paths relative to the root, sorted. */
  readonly paths: readonly string[]
  /** Folders that could not be read, relative to the root, each with the system's reason. */
  readonly unreadable: ReadonlyArray<{ readonly path: string; readonly reason: string }>
  /** False when the time bound cut the scan short. */
  readonly complete: boolean
}

// Deep enough for host/organisation/group/repository with some to spare.
export const defaultBounds: ScanBounds = { depthMax: 6, timeoutMs: 5000 }
// Directories read at once: more only queue up in the thread pool.
const concurrency = 8

/**
 * Lists every directory below `root` that holds a `.git` (directory or file), not descending into
 * one. Folders that cannot be read are skipped and named; the root itself must be readable.
 */
export async function scanProjects(root: string, bounds = defaultBounds): Promise<ScanResult> {
  const deadline = Date.now() + bounds.timeoutMs
  const found: string[] = []
  const unreadable: Array<{ path: string; reason: string }> = []
  const queue: Array<{ path: string; depth: number }> = []

  async function visit({ path, depth }: { path: string; depth: number }): Promise<void> {
    const entries = await readdir(join(root, path), { withFileTypes: true })
    if (path !== '' && entries.some((entry) => entry.name === '.git')) {
      found.push(path)
      return
    }
    if (depth >= bounds.depthMax) return
    for (const entry of entries)
      if (entry.isDirectory() && entry.name !== '.git')
        queue.push({ path: path === '' ? entry.name : `${path}/${entry.name}`, depth: depth + 1 })
  }

  async function visitAll(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, concurrency).map((next) =>
        visit(next).catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return
          unreadable.push({ path: next.path, reason: error.code ?? error.message })
        }),
      )
      await Promise.all(batch)
      if (Date.now() > deadline) return
    }
  }

  await stat(root)
  await visit({ path: '', depth: 0 })
  // A directory on a dead network mount never answers: the bound holds without it.
  const bound = new AbortController()
  await Promise.race([
    visitAll(),
    sleep(bounds.timeoutMs, undefined, { signal: bound.signal }).catch(() => undefined),
  ])
  bound.abort()
  const complete = queue.length === 0 && Date.now() <= deadline
  return { paths: [...found].sort(), unreadable: [...unreadable], complete }
}
