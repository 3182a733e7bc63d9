// The state directory while lab runs: lab makes it, locks it, and makes its missing parts again.
import { mkdirSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isOutOfRoom } from '../disk-errors.ts'
import { LabError, UsageError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ProcessId } from '../processes/proc.ts'
import { answerOf } from '../read-file.ts'
import { isLockedBy, lockStateDir } from './lock.ts'
import { makeStateDir } from './state-dir.ts'

export interface StateDir {
  readonly path: string
  /** Whether this lab holds the lock, as far as it knows. Without the lock lab writes nothing there. */
  isHeld(): boolean
  /**
   * Makes the folder and takes the lock, if either is missing.
   * @throws UsageError when another lab holds it, else what the system says
   */
  prepare(): void
  /** Frees the lock. */
  release(): void
}

/**
 * Opens the folder for this process. On a disk that is full or read-only the folder is open but not held:
 * lab can still show and stop instances. @throws UsageError when another lab holds it, or when this user
 * may not write there
 */
export function openStateDir(path: string, self: ProcessId): StateDir {
  let release: (() => void) | null = null

  function prepare(): void {
    if (release && isLockedBy(path, self)) return
    release = null
    mkdirSync(path, { recursive: true, mode: 0o700 })
    release = lockStateDir(path, self)
  }

  try {
    makeStateDir(path)
    prepare()
  } catch (error) {
    if (error instanceof LabError) throw error
    if (!isOutOfRoom(error))
      throw new UsageError(
        `lab cannot write to --state-dir ${path} (${(error as NodeJS.ErrnoException).code}). Name a folder that this user may write to.`,
        { cause: error },
      )
  }
  return { path, isHeld: () => release !== null, prepare, release: () => release?.() }
}

const lookMs = 2000

/**
 * When lab makes a file or folder: `missing`: where there is none; `again`: where there is none any more;
 * `start`: the same as `missing`, and once at the start; `always`: at every look.
 */
export type When = 'missing' | 'again' | 'start' | 'always'

/** The files and folders next to the store. The upkeep makes them at the start, and again when one is missing. */
export interface Upkeep {
  /** Adds a file or folder and makes it now; where that fails, a later look makes it. */
  add(name: string, make: () => void | Promise<void>, when: When): Promise<void>
  /** Looks at once. @throws what the system says of the first one that cannot be made */
  look(): Promise<void>
  close(): void
}

/**
 * Makes an upkeep that looks every two seconds. It calls `onTaken` when another lab took the folder while
 * the folder was missing.
 */
export function createUpkeep(
  dir: StateDir,
  { onTaken, log }: { readonly onTaken: (error: UsageError) => void; readonly log: Log },
): Upkeep {
  const parts = new Map<
    string,
    { readonly make: () => void | Promise<void>; readonly when: When; isMade: boolean }
  >()
  let warned = ''

  async function tend(name: string): Promise<void> {
    const part = parts.get(name)!
    const mayBeThere = part.isMade || part.when === 'again'
    if (part.when !== 'always' && mayBeThere && (await isThere(join(dir.path, name)))) {
      part.isMade = true
      return
    }
    if (part.when === 'again' && !part.isMade) return
    if (part.isMade && part.when !== 'always') {
      const path = join(dir.path, name)
      log.warn({ path }, 'a part of the state directory is missing; lab makes it again')
    }
    part.isMade = false
    if (!dir.isHeld()) dir.prepare()
    await part.make()
    part.isMade = true
  }

  async function look(): Promise<void> {
    // `prepare` runs on lab's own thread: ask first whether the disk answers.
    await isThere(dir.path)
    dir.prepare()
    for (const name of parts.keys()) await tend(name)
    warned = ''
  }

  function failed(error: unknown, path: string): void {
    if (error instanceof UsageError) return onTaken(error)
    const { code = '' } = error as NodeJS.ErrnoException
    if (warned === code) return
    warned = code
    log.error({ err: error, path }, 'lab cannot write there, and tries again')
  }

  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .catch((error: unknown) => failed(error, dir.path))
      .finally(() => (looking = false))
  }, lookMs).unref()

  return {
    async add(name, make, when) {
      const isMade = when === 'missing' && (await isThere(join(dir.path, name)).catch(() => false))
      parts.set(name, { make, when, isMade })
      await tend(name).catch((error: unknown) => failed(error, join(dir.path, name)))
    },
    look,
    close: () => clearInterval(timer),
  }
}

function isThere(path: string): Promise<boolean> {
  return answerOf(`lstat ${path}`, () =>
    lstat(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false
        throw error
      },
    ),
  )
}
