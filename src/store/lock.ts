// One lab per state directory: the lock file names its holder.
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { isRunning, type ProcessId } from '../processes/proc.ts'
import { readTextSync, Unreadable } from '../read-file.ts'

/**
 * Takes the lock of the state directory for this process, also from a dead holder, and returns its release.
 * @throws UsageError naming the process that holds it
 */
export function lockStateDir(dir: string, self: ProcessId): () => void {
  const path = join(dir, 'lock')
  const mine = `${path}.${self.pid}`
  const content = contentOf(self)
  // A file that an earlier process with this pid left may be linked to the lock itself.
  try {
    for (const name of [mine, `${mine}.copy`]) rmSync(name, { force: true })
    writeFileSync(mine, content, { mode: 0o600 })
    const holder = take(path, mine)
    if (holder) throw heldBy(dir, holder)
  } catch (error) {
    // On a disk that takes nothing, another lab may hold the directory all the same.
    const holder = holderIn(textOf(path))
    throw holder && isRunning(holder) ? heldBy(dir, holder) : error
  } finally {
    forget(mine)
  }
  return () => {
    if (textOf(path) === content) forget(path)
  }
}

/** Whether that process holds the lock of the directory. */
export function isLockedBy(dir: string, self: ProcessId): boolean {
  return textOf(join(dir, 'lock')) === contentOf(self)
}

function contentOf({ pid, start }: ProcessId): string {
  return `${JSON.stringify({ pid, procStart: start })}\n`
}

function heldBy(dir: string, { pid }: ProcessId): UsageError {
  return new UsageError(
    `${dir} is held by another lab (process ${pid}). Stop that one, or give this one its own --state-dir.`,
  )
}

/**
 * Puts a link to `mine` at `path` where there is no lock or that of a dead holder; returns the holder if
 * that one is alive. A link appears whole, so no lab ever reads a half-written lock. A second lock guards
 * the removal of a dead holder's lock: two labs that read the same dead lock would otherwise each replace
 * it, and the second one would remove the lock of the first.
 */
function take(path: string, mine: string): ProcessId | null {
  for (;;) {
    if (linked(mine, path)) return null
    const text = textOf(path)
    const holder = holderIn(text)
    if (holder && isRunning(holder)) return holder
    const turn = `${path}.turn`
    // The lab that has the turn is about to take the lock, or about to find its holder.
    const other = take(turn, mine)
    if (other) return other
    try {
      // Only the lab that has the turn may replace the lock of a dead holder.
      if (text !== null && text === textOf(path)) {
        linkSync(mine, `${mine}.copy`)
        renameSync(`${mine}.copy`, path)
        return null
      }
    } finally {
      rmSync(turn, { force: true })
    }
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The text of a lock; null when there is none. */
function textOf(path: string): string | null {
  try {
    return readTextSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    // lab did not make this lock: it names no holder.
    if (error instanceof Unreadable) return ''
    throw error
  }
}

function holderIn(text: string | null): ProcessId | null {
  try {
    const held = JSON.parse(text ?? '') as { pid?: unknown; procStart?: unknown }
    const { pid, procStart } = held
    return typeof pid === 'number' && typeof procStart === 'string'
      ? { pid, start: procStart }
      : null
  } catch {
    return null
  }
}

/** Removes a file. On a read-only disk the file stays, and names a process that is gone. */
function forget(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The next lab takes the lock over.
  }
}
