// Claude's registry: `<pid>.json` for each running Claude Code. Claude writes the files in place; lab
// watches and reads them.
import { statSync } from 'node:fs'
import { runningPids } from '../../processes/proc.ts'
import type { RegistryEntry } from '../registry-entry.ts'
import { createRegistryFiles, fileNameOf, isEntryName, listEntries } from './files.ts'
import { watchDirectory } from './watch.ts'

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
  let names: readonly string[] = []
  /** The directory as it was when they were read; null when more may have come since. */
  let namesOf: string | null = null
  let nextOfRest = 0
  let opened = false
  let closed = false
  const files = createRegistryFiles(dir, () => {
    if (opened && !closed) onChange()
  })
  const watching = watchDirectory(dir, {
    onMade() {
      try {
        reconcile()
      } catch {
        // lab's timer calls the same 2 s later, and logs what it throws.
      }
    },
    onName: (name) => void (isEntryName(name) && files.takeUntilWhole(name)),
  })

  function reconcile(): void {
    if (closed) return
    watching.arm()
    lookForNames()
    const rest = Array.from(
      { length: Math.min(restPerLook, names.length) },
      () => names[nextOfRest++ % names.length]!,
    )
    const running = [...runningPids()]
      .map((pid) => fileNameOf({ pid }))
      .filter((name) => files.has(name))
    for (const name of new Set([...files.torn(), ...running, ...rest]))
      if (files.isOutdated(name)) files.take(name)
  }

  /** Takes what has come and drops what has gone; asks only when the directory says that there is any. */
  function lookForNames(): void {
    const { identity, changedAt } = ageOf(dir)
    if (identity === namesOf) return
    names = listEntries(dir)
    // What comes in the same tick changes no time any more.
    namesOf = Date.now() - changedAt > grainMs ? identity : null
    const present = new Set(names)
    for (const name of files.names()) if (!present.has(name)) files.take(name)
    for (const name of names) if (!files.has(name)) files.take(name)
  }

  reconcile()
  opened = true
  return {
    entries: () => files.entries(),
    candidates: () => files.candidates(),
    retire: (entry) => files.retire(entry),
    read(pid) {
      files.take(fileNameOf({ pid }))
      return files.entry(fileNameOf({ pid }))
    },
    reconcile,
    close() {
      closed = true
      files.close()
      watching.close()
    },
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
