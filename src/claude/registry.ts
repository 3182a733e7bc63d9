// Claude's registry: `<pid>.json` for each running Claude Code, written in place by Claude, watched
// and only read by lab.
import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runningPids } from '../processes/proc.ts'
import { readTextSync } from '../read-file.ts'
import { parseEntry, type RegistryEntry } from './registry-entry.ts'

export interface Registry {
  /** The last good value of every file that is there; none of one that stays cut off for seconds. */
  entries(): Iterable<RegistryEntry>
  /** Those of them that nobody has retired. */
  candidates(): Iterable<RegistryEntry>
  /** Leaves an entry, whose process is gone for good, out of the candidates; its file may be written anew. */
  retire(entry: RegistryEntry): void
  /** Reads one process's file now; null when it is gone or was never whole. */
  read(pid: number): RegistryEntry | null
  /** Looks at the directory itself, for what its watcher missed or where none could be set. */
  reconcile(): void
  close(): void
}

// A file is rewritten in place: what reads as torn now is whole a few milliseconds later.
const tornRetryMs = 6
const tornRetriesMax = 5
// A writer on a machine with no time for it has been seen to take 0.3 s between two halves.
const cutOffMs = 3000

// Files survive a `kill -9`, and after years there are thousands. Only a running process writes, so a look
// passes over the rest: it asks only so many of them, by turns, for a process that another host runs.
const restPerLook = 200
// A directory's time has the grain of a tick, or of a second on some file systems.
const grainMs = 2000

/**
 * Watches a registry directory, which may not exist yet; calls `onChange` when an entry changed after
 * the first look, which is taken before this returns.
 */
export function createRegistry(dir: string, onChange: () => void): Registry {
  const files = new Map<string, { stamp: string; entry: RegistryEntry | null }>()
  /** Since when each file that cannot be read whole is so (of `performance.now()`). */
  const torn = new Map<string, number>()
  // Ten thousand old files must not be gone through at every change of one.
  const candidates = new Map<string, RegistryEntry>()
  let watchers: FSWatcher[] = []
  let watched = ''
  let names: readonly string[] = []
  /** The directory as it was when they were read; null when more may have come since. */
  let namesOf: string | null = null
  let nextOfRest = 0
  let opened = false
  let closed = false

  /** Nobody goes on writing it: what it said before is not believed any more. */
  function isCutOff(name: string): boolean {
    const since = torn.get(name)
    return since !== undefined && performance.now() - since > cutOffMs
  }

  function changed(): void {
    if (opened && !closed) onChange()
  }

  function stampOf(name: string): string | null {
    try {
      const { mtimeMs, size, ino } = statSync(join(dir, name))
      return `${mtimeMs}/${size}/${ino}`
    } catch {
      return null
    }
  }

  /** Reads one file; true when it is whole or gone. */
  function take(name: string): boolean {
    const stamp = stampOf(name)
    const before = files.get(name)
    const since = torn.get(name) ?? performance.now()
    torn.delete(name)
    if (stamp === null) {
      files.delete(name)
      candidates.delete(name)
      if (before?.entry) changed()
      return true
    }
    const entry = readEntry(join(dir, name))
    // A torn file keeps its old stamp, so that the next reconcile looks again.
    if (entry) candidates.set(name, entry)
    else torn.set(name, since)
    files.set(name, { stamp: entry ? stamp : '', entry: entry ?? before?.entry ?? null })
    if (entry && JSON.stringify(entry) !== JSON.stringify(before?.entry)) changed()
    return entry !== null
  }

  async function takeUntilWhole(name: string): Promise<void> {
    for (let tries = 0; tries <= tornRetriesMax && !closed && !take(name); tries++)
      await sleep(tornRetryMs)
  }

  function arm(): void {
    for (const watcher of watchers) watcher.close()
    watchers = []
    watched = identityOf(dir)
    // The parent tells when the directory is made or made again, which silences its own watcher.
    for (const [path, act] of [
      [dirname(dir), () => watched !== identityOf(dir) && reconcile()],
      [dir, (name: string | null) => name && isEntryName(name) && takeUntilWhole(name)],
    ] as const) {
      try {
        const watcher = watch(path, { persistent: false }, (_event, name) => void act(name))
        watchers.push(watcher.on('error', () => (watched = '')))
      } catch {
        // Not there yet, or no watcher to be had: the next reconcile tries again.
        watched = ''
      }
    }
  }

  function reconcile(): void {
    if (closed) return
    if (watched === '' || watched !== identityOf(dir)) arm()
    lookForNames()
    const rest = Array.from(
      { length: Math.min(restPerLook, names.length) },
      () => names[nextOfRest++ % names.length]!,
    )
    const running = [...runningPids()].map((pid) => `${pid}.json`).filter((name) => files.has(name))
    for (const name of new Set([...torn.keys(), ...running, ...rest]))
      if (files.get(name)?.stamp !== stampOf(name)) take(name)
  }

  /** Takes what has come and drops what has gone; asks only when the directory says that there is any. */
  function lookForNames(): void {
    const { identity, changedAt } = ageOf(dir)
    if (identity === namesOf) return
    names = listEntries(dir)
    // What comes in the same tick changes no time any more.
    namesOf = Date.now() - changedAt > grainMs ? identity : null
    const present = new Set(names)
    for (const name of files.keys()) if (!present.has(name)) take(name)
    for (const name of names) if (!files.has(name)) take(name)
  }

  reconcile()
  opened = true
  return {
    *entries() {
      for (const [name, { entry }] of files) if (entry && !isCutOff(name)) yield entry
    },
    read(pid) {
      take(`${pid}.json`)
      return files.get(`${pid}.json`)?.entry ?? null
    },
    *candidates() {
      for (const [name, entry] of candidates) if (!isCutOff(name)) yield entry
    },
    retire(entry) {
      const name = `${entry.pid}.json`
      if (candidates.get(name) === entry) candidates.delete(name)
    },
    reconcile,
    close() {
      closed = true
      for (const watcher of watchers) watcher.close()
    },
  }
}

// `<pid>.<hex>.key` may lie beside the entries.
function isEntryName(name: string): boolean {
  return /^\d+\.json$/.test(name)
}

function listEntries(dir: string): readonly string[] {
  try {
    return readdirSync(dir).filter(isEntryName)
  } catch {
    return []
  }
}

// Claude writes some 500.
const entryBytesMax = 64 * 1024

function readEntry(path: string): RegistryEntry | null {
  try {
    const entry = parseEntry(readTextSync(path, entryBytesMax))
    // Each process writes of itself alone.
    return entry && basename(path) === `${entry.pid}.json` ? entry : null
  } catch {
    return null
  }
}

/** Says something else whenever a name has come or gone. */
function ageOf(path: string): { readonly identity: string; readonly changedAt: number } {
  try {
    const { ino, birthtimeMs, mtimeMs } = statSync(path)
    return { identity: `${ino}/${birthtimeMs}/${mtimeMs}`, changedAt: mtimeMs }
  } catch {
    return { identity: '', changedAt: Number.POSITIVE_INFINITY }
  }
}

/** Tells one directory of that path from the next: file systems give an inode's number again at once. */
function identityOf(path: string): string {
  try {
    const { ino, birthtimeMs } = statSync(path)
    return `${ino}/${birthtimeMs}`
  } catch {
    return ''
  }
}
