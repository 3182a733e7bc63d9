// One lab per state directory: the lock file names its holder.
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { isRunning, type ProcessId } from '../processes.ts'

/**
 * Takes the state directory for this process and returns its release; a dead holder is taken over.
 * @throws UsageError naming the process that holds it
 */
export function lockStateDir(dir: string, self: ProcessId): () => void {
  const path = join(dir, 'lock')
  const mine = `${path}.${self.pid}`
  writeFileSync(mine, `${JSON.stringify({ pid: self.pid, procStart: self.start })}\n`, {
    mode: 0o600,
  })
  try {
    // A link appears whole and only where nothing stands: no half-written lock is ever seen.
    while (!linked(mine, path)) takeFromTheDead(path, dir, self)
  } finally {
    unlinkSync(mine)
  }
  return () => {
    if (holderOf(path)?.pid === self.pid) rmSync(path, { force: true })
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

function takeFromTheDead(path: string, dir: string, self: ProcessId): void {
  const holder = holderOf(path)
  if (holder && isRunning(holder))
    throw new UsageError(
      `${dir} is held by another lab (process ${holder.pid}). Stop that one, or give this one its own --state-dir.`,
    )
  // Renamed, not removed: if another lab took over in between, its lock comes back.
  const aside = `${path}.dead.${self.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = holderOf(aside)
  if (moved && isRunning(moved)) linked(aside, path)
  rmSync(aside, { force: true })
}

function holderOf(path: string): ProcessId | null {
  try {
    const held = JSON.parse(readFileSync(path, 'utf8')) as { pid?: unknown; procStart?: unknown }
    const { pid, procStart } = held
    return typeof pid === 'number' && typeof procStart === 'string'
      ? { pid, start: procStart }
      : null
  } catch {
    return null
  }
}
