// Finds the git repositories under a root. It reads directories, and of git's files only those that
// distinguish a bare repository from a checkout.
import { lstat, readdir, realpath } from 'node:fs/promises'
import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import { gitFoldersOf, hasCheckout } from './layout.ts'
import { answerOf, Unreadable } from '../read-file.ts'

export interface ScanBounds {
  /** How many levels of folders below the root the scan reads. */
  readonly depthMax: number
  readonly timeoutMs: number
}

export interface ScanResult {
  /** Paths relative to the root, sorted. */
  readonly paths: readonly string[]
  /** Folders that lab could not read, relative to the root, each with the system's reason. */
  readonly unreadable: ReadonlyArray<{ readonly path: string; readonly reason: string }>
  /** False when the time bound cut the scan short. */
  readonly complete: boolean
}

// Deep enough for host/organisation/group/repository, and two levels more.
export const defaultBounds: ScanBounds = { depthMax: 6, timeoutMs: 5000 }
// The number of directories read at once. More would only queue up in the thread pool.
const concurrency = 8

/**
 * Lists every directory below `root` in which git has a checkout, and does not descend into it; in a bare
 * repository's folder it finds the worktrees. It follows a symbolic link to a repository, and lists each
 * repository once, by its own path first. It skips and names folders that it cannot read or that do not
 * answer. @throws when the root itself is unreadable, or does not answer in time
 */
export async function scanProjects(root: string, bounds = defaultBounds): Promise<ScanResult> {
  const found: Found[] = []
  const unreadable: Array<{ path: string; reason: string }> = []
  const queue: Folder[] = [{ path: '', depth: 0, real: '', isLink: false, isLinked: false }]
  const underWay = new Set<string>()
  // Half the time, so that a silent folder shows before the scan's time is up.
  const look = createLook(root, bounds.timeoutMs / 2)
  let ended = false
  let silent = false

  async function visit(folder: Folder): Promise<void> {
    const { path } = folder
    underWay.add(path)
    try {
      const seen = await look(folder)
      if (ended || seen === null) return
      if (seen.isProject) found.push(seen.folder)
      else if (folder.depth < bounds.depthMax) queue.push(...seen.below)
    } catch (error) {
      if (error instanceof Unreadable) {
        if (path === '') throw silentRoot(root, error)
        silent = true
        if (!ended) unreadable.push({ path, reason: 'does not answer' })
        return
      }
      if (path === '') throw error
      const { code, message } = error as NodeJS.ErrnoException
      // The folder was removed, unless its name is not UTF-8: then it exists and has no readable name.
      const removed = isAbsence(error) && !path.includes('\ufffd')
      if (!ended && !removed) unreadable.push({ path, reason: code ?? message })
    } finally {
      underWay.delete(path)
    }
  }

  // Each visit that ends begins the next one, so a silent folder delays no other.
  const visitAll = new Promise<void>((resolve, reject) => {
    function visitNext(): void {
      while (!ended && underWay.size < concurrency && queue.length > 0)
        visit(queue.shift()!).then(visitNext, reject)
      if (underWay.size === 0) resolve()
    }
    visitNext()
  })

  const inTime = await endsWithin(visitAll, bounds.timeoutMs)
  ended = true
  if (underWay.has('')) throw silentRoot(root)
  for (const path of underWay) unreadable.push({ path, reason: 'does not answer' })
  const complete = inTime && !silent
  return { paths: pathsOf(found, complete), unreadable, complete }
}

interface Seen {
  readonly folder: Folder
  readonly isProject: boolean
  /** The folders in it that the scan reads next. */
  readonly below: readonly Folder[]
}

/** Returns the function that reads one folder below the root; null for a link that the scan does not follow. */
function createLook(root: string, timeoutMs: number): (folder: Folder) => Promise<Seen | null> {
  const ask = <T>(question: string, begin: () => Promise<T>) => answerOf(question, begin, timeoutMs)
  const realRoot = ask(`real ${root}`, () => realpath(root))
  realRoot.catch(() => undefined)

  async function behind({ path, real: link }: Folder): Promise<string | null> {
    const place = join(root, path)
    const real = await ask(`real ${place}`, () => realpath(place))
    // A link to a folder that holds the root, or the link itself, would make the scan read folders twice.
    if (isWithin(await realRoot, real) || isWithin(link, real)) return null
    return (await ask(`link ${place}`, () => leadsToRepository(place))) ? real : null
  }

  return async (folder) => {
    const { path, isLink } = folder
    const place = join(root, path)
    let real: string | null = isLink ? await behind(folder) : folder.real
    if (real === null) return null
    const entries = await ask(`list ${place}`, () => readdir(place, { withFileTypes: true }))
    if (path === '') real = await realRoot
    const seen = { ...folder, real, isLinked: folder.isLinked || isLink }
    const git = path === '' ? undefined : entries.find(({ name }) => name === '.git')
    const isProject =
      git !== undefined &&
      // lab shows a silent repository too, and git reports the problem.
      (await answerOf(`checkout ${place}`, () => hasCheckout(place, git), timeoutMs, place).catch(
        () => true,
      ))
    return { folder: seen, isProject, below: isProject ? [] : foldersIn(seen, entries) }
  }
}

function foldersIn(
  { path, depth, real, isLinked }: Folder,
  entries: readonly Dirent[],
): readonly Folder[] {
  const skipped = gitFoldersOf(entries)
  return entries
    .filter((entry) => entry.isSymbolicLink() || entry.isDirectory())
    .filter(({ name }) => name !== '.git' && !skipped.has(name))
    .map((entry) => ({
      path: path === '' ? entry.name : `${path}/${entry.name}`,
      depth: depth + 1,
      real: `${real}/${entry.name}`,
      isLink: entry.isSymbolicLink(),
      isLinked,
    }))
}

interface Folder {
  /** Relative to the root. */
  readonly path: string
  readonly depth: number
  /** The absolute path without symbolic links; for a link, the path of the link itself. */
  readonly real: string
  readonly isLink: boolean
  /** The folder is a link, or is below one. */
  readonly isLinked: boolean
}

type Found = Pick<Folder, 'path' | 'depth' | 'real' | 'isLinked'>

/** Each folder once: by its own path before a link's path, by a short path before a long one. */
function pathsOf(found: readonly Found[], complete: boolean): readonly string[] {
  const paths = new Map<string, string>()
  const byRank = found.toSorted(
    (a, b) =>
      Number(a.isLinked) - Number(b.isLinked) || a.depth - b.depth || (a.path < b.path ? -1 : 1),
  )
  for (const { path, real, isLinked } of byRank) {
    // The own path of the link's target may be among the folders that the scan did not reach.
    if (isLinked && !complete) continue
    if (!paths.has(real)) paths.set(real, path)
  }
  return [...paths.values()].sort()
}

/** Whether a link leads to a repository, bare or not. The scan follows no other link. */
async function leadsToRepository(place: string): Promise<boolean> {
  if (await isThere(join(place, '.git'))) return true
  for (const name of ['HEAD', 'objects', 'refs'])
    if (!(await isThere(join(place, name)))) return false
  return true
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (isAbsence(error)) return false
      throw error
    },
  )
}

function isAbsence(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  // ELOOP: the link leads to itself.
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`)
}

function silentRoot(root: string, cause?: unknown): Unreadable {
  return new Unreadable('ETIMEDOUT', `${root} does not answer`, { cause })
}

/** Whether the work ends within the time. */
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
