// One lab per state directory: the lock file names its holder.
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { isRunning, type ProcessId } from '../processes/proc.ts'
import { readTextSync, Unreadable } from '../read-file.ts'

/**
 * Takes the state directory for this process and returns its release; a dead holder is taken over.
 * @throws UsageError naming the process that holds it
 */
export function lockStateDir(dir: string, self: ProcessId): () => void {
  const path = join(dir, 'lock')
  const mine = `${path}.${self.pid}`
  const note = noteOf(self)
  // What an earlier process of this pid left may be the very file that is the lock.
  try {
    for (const name of [mine, `${mine}.copy`]) rmSync(name, { force: true })
    writeFileSync(mine, note, { mode: 0o600 })
    const holder = take(path, mine)
    if (holder) throw heldBy(dir, holder)
  } catch (error) {
    // Where nothing can be written another lab may hold it all the same.
    const holder = holderIn(textOf(path))
    throw holder && isRunning(holder) ? heldBy(dir, holder) : error
  } finally {
    forget(mine)
  }
  return () => {
    if (textOf(path) === note) forget(path)
  }
}

/** Whether the directory's lock is that process's. */
export function isLockedBy(dir: string, self: ProcessId): boolean {
  return textOf(join(dir, 'lock')) === noteOf(self)
}

function noteOf({ pid, start }: ProcessId): string {
  return `${JSON.stringify({ pid, procStart: start })}\n`
}

function heldBy(dir: string, { pid }: ProcessId): UsageError {
  return new UsageError(
    `${dir} is held by another lab (process ${pid}). Stop that one, or give this one its own --state-dir.`,
  )
}

/**
 * Puts a link to `mine` at `path`, where nothing or only a dead holder's stands; else says who lives.
 * A link appears whole, so no half-written lock is ever seen. A dead one is replaced under a lock of
 * its own: whoever read it earlier would otherwise take away what another lab has put there since.
 */
function take(path: string, mine: string): ProcessId | null {
  for (;;) {
    if (linked(mine, path)) return null
    const text = textOf(path)
    const holder = holderIn(text)
    if (holder && isRunning(holder)) return holder
    const turn = `${path}.turn`
    // Whoever has the turn is about to hold the lock, or about to find who does.
    const other = take(turn, mine)
    if (other) return other
    try {
      // What the dead left can change only through whoever has the turn.
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

/** What a lock says; null when there is none. */
function textOf(path: string): string | null {
  try {
    return readTextSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    // Not a lock that lab has made: it names nobody.
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

/** On a disk that is mounted read-only it stays, and names a process that is gone. */
function forget(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The next lab takes it over.
  }
}
