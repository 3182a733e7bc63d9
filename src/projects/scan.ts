// Finds the git repositories under a root. Reads directories only; follows no symlink.
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

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
// Reads that have not come back, whichever scan asked. Each holds one of the few threads that all file
// access shares, so a dead network mount may cost one, and not one more with every scan.
const unanswered = new Map<string, Promise<Dirent[]>>()

/**
 * Lists every directory below `root` that holds a `.git` (directory or file), not descending into
 * one. Folders that cannot be read or do not answer are skipped and named. @throws when the root
 * itself cannot be read, or does not answer in time
 */
export async function scanProjects(root: string, bounds = defaultBounds): Promise<ScanResult> {
  const found: string[] = []
  const unreadable: Array<{ path: string; reason: string }> = []
  const queue: Folder[] = [{ path: '', depth: 0 }]
  const underWay = new Set<string>()
  let ended = false

  function take({ path, depth }: Folder, entries: readonly Dirent[]): void {
    if (path !== '' && entries.some((entry) => entry.name === '.git')) {
      found.push(path)
      return
    }
    if (depth >= bounds.depthMax) return
    for (const entry of entries)
      if (entry.isDirectory() && entry.name !== '.git')
        queue.push({ path: path === '' ? entry.name : `${path}/${entry.name}`, depth: depth + 1 })
  }

  async function visit(folder: Folder): Promise<void> {
    const { path } = folder
    underWay.add(path)
    try {
      const entries = await readFolder(join(root, path))
      if (!ended) take(folder, entries)
    } catch (error) {
      if (path === '') throw error
      const { code, message } = error as NodeJS.ErrnoException
      // Removed meanwhile, unless its name is no UTF-8: then it is there and cannot be named.
      const removed = (code === 'ENOENT' || code === 'ENOTDIR') && !path.includes('\ufffd')
      if (!ended && !removed) unreadable.push({ path, reason: code ?? message })
    } finally {
      underWay.delete(path)
    }
  }

  // The next folder is begun as soon as one is done, so one that does not answer holds up no other.
  const visitAll = new Promise<void>((resolve, reject) => {
    function goOn(): void {
      while (!ended && underWay.size < concurrency && queue.length > 0)
        visit(queue.shift()!).then(goOn, reject)
      if (underWay.size === 0) resolve()
    }
    goOn()
  })

  const complete = await endsWithin(visitAll, bounds.timeoutMs)
  ended = true
  if (underWay.has('')) throw new Error(`${root} does not answer`)
  for (const path of underWay) unreadable.push({ path, reason: 'does not answer' })
  return { paths: found.sort(), unreadable, complete }
}

interface Folder {
  readonly path: string
  readonly depth: number
}

function readFolder(path: string): Promise<Dirent[]> {
  const reading = unanswered.get(path)
  if (reading) return reading
  const begun = readdir(path, { withFileTypes: true }).finally(() => unanswered.delete(path))
  unanswered.set(path, begun)
  return begun
}

/** Whether the work was done before the time was up. */
async function endsWithin(work: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
