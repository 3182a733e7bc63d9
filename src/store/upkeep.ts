// lab's own folder: made, locked, and made again when somebody removed it or its disk had no room.
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
  /** Whether this lab holds the lock, as far as it knows; without it lab writes nothing there. */
  isHeld(): boolean
  /**
   * Makes the folder and takes the lock, where either is missing.
   * @throws UsageError when another lab holds it, else what the system says
   */
  prepare(): void
  /** Frees the lock. */
  release(): void
}

/**
 * Opens the folder for this process. On a disk without room, or mounted read-only, it is opened all the
 * same and not held yet: lab can still show and stop. @throws UsageError when another lab holds it, or
 * this user may not write there
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
        `--state-dir ${path} cannot be written (${(error as NodeJS.ErrnoException).code}). Name one that this user may write to.`,
        { cause: error },
      )
  }
  return { path, isHeld: () => release !== null, prepare, release: () => release?.() }
}

const lookMs = 2000

/**
 * `missing`: where it is missing; `again`: only once it was there; `start`: also once at the start;
 * `always`: at every look.
 */
export type When = 'missing' | 'again' | 'start' | 'always'

/** What lab keeps in its folder beside the store: each is made at the start, and again when it is missing. */
export interface Upkeep {
  /** Adds a file or folder; it is made now, or later when that fails. */
  add(name: string, make: () => void | Promise<void>, when: When): Promise<void>
  /** Looks at once. @throws what the system says of the first that cannot be made */
  look(): Promise<void>
  close(): void
}

/** Looks every two seconds; `onTaken` hears of another lab that took the folder while it was away. */
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
    // Only a disk that answers is asked on lab's own thread.
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
    log.error({ err: error, path }, 'lab cannot write there, and goes on trying')
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
