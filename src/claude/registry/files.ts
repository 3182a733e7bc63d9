// The files of a registry directory, `<pid>.json` each, with the last good value of each.
import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readTextSync } from '../../read-file.ts'
import { parseEntry, type RegistryEntry } from '../registry-entry.ts'

export interface RegistryFiles {
  /** Reads one file. Returns false when the file is torn, because Claude is just writing it. */
  take(name: string): boolean
  /** Reads one file, again after some milliseconds where it is torn. */
  takeUntilWhole(name: string): Promise<void>
  /** The last good value of an existing file; null when lab has never read it whole. */
  entry(name: string): RegistryEntry | null
  /** Whether the file has changed since lab read it, by its time, size and inode. */
  isOutdated(name: string): boolean
  /** Whether the file existed at the last look. */
  has(name: string): boolean
  /** The files that existed at the last look. */
  names(): Iterable<string>
  /** The files that are torn. */
  torn(): Iterable<string>
  /** See Registry. */
  entries(): Iterable<RegistryEntry>
  candidates(): Iterable<RegistryEntry>
  retire(entry: RegistryEntry): void
  close(): void
}

// Claude rewrites a file in place: a torn file is whole a few milliseconds later.
const tornRetryMs = 6
const tornRetriesMax = 5
// On a busy machine a writer took 0.3 s between two halves.
const cutOffMs = 3000

/** Holds the files of `dir` and calls `onChange` after each change of an entry. */
export function createRegistryFiles(dir: string, onChange: () => void): RegistryFiles {
  const files = new Map<string, { stamp: string; entry: RegistryEntry | null }>()
  /** Since when each torn file is torn (by `performance.now()`). */
  const torn = new Map<string, number>()
  // lab must not pass through ten thousand old files at every change of one.
  const candidates = new Map<string, RegistryEntry>()
  let closed = false

  /** Whether the file's writer is gone. lab then no longer believes the file's last value. */
  function isCutOff(name: string): boolean {
    const since = torn.get(name)
    return since !== undefined && performance.now() - since > cutOffMs
  }

  function take(name: string): boolean {
    const stamp = stampOf(join(dir, name))
    const before = files.get(name)
    const since = torn.get(name) ?? performance.now()
    torn.delete(name)
    if (stamp === null) {
      files.delete(name)
      candidates.delete(name)
      if (before?.entry) onChange()
      return true
    }
    const entry = readEntry(join(dir, name))
    // A torn file keeps its old stamp, so that the next reconcile looks again.
    if (entry) candidates.set(name, entry)
    else torn.set(name, since)
    files.set(name, { stamp: entry ? stamp : '', entry: entry ?? before?.entry ?? null })
    if (entry && JSON.stringify(entry) !== JSON.stringify(before?.entry)) onChange()
    return entry !== null
  }

  return {
    take,
    async takeUntilWhole(name) {
      for (let tries = 0; tries <= tornRetriesMax && !closed && !take(name); tries++)
        await sleep(tornRetryMs)
    },
    entry: (name) => files.get(name)?.entry ?? null,
    isOutdated: (name) => files.get(name)?.stamp !== stampOf(join(dir, name)),
    has: (name) => files.has(name),
    names: () => files.keys(),
    torn: () => torn.keys(),
    *entries() {
      for (const [name, { entry }] of files) if (entry && !isCutOff(name)) yield entry
    },
    *candidates() {
      for (const [name, entry] of candidates) if (!isCutOff(name)) yield entry
    },
    retire(entry) {
      const name = fileNameOf(entry)
      if (candidates.get(name) === entry) candidates.delete(name)
    },
    close: () => void (closed = true),
  }
}

/** The name of a process's file. */
export function fileNameOf({ pid }: { readonly pid: number }): string {
  return `${pid}.json`
}

/** Whether a name in the directory is an entry's. The directory may also hold `<pid>.<hex>.key`. */
export function isEntryName(name: string): boolean {
  return /^\d+\.json$/.test(name)
}

/** The names of all entries in a directory; none when lab cannot read it. */
export function listEntries(dir: string): readonly string[] {
  try {
    return readdirSync(dir).filter(isEntryName)
  } catch {
    return []
  }
}

function stampOf(path: string): string | null {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs}/${size}/${ino}`
  } catch {
    return null
  }
}

// Claude's files have about 500 bytes.
const entryBytesMax = 64 * 1024

function readEntry(path: string): RegistryEntry | null {
  try {
    const entry = parseEntry(readTextSync(path, entryBytesMax))
    // Each process writes only its own file.
    return entry && basename(path) === fileNameOf(entry) ? entry : null
  } catch {
    return null
  }
}
