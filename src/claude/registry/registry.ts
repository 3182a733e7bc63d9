// Claude's registry: `<pid>.json` for each running Claude Code. Claude writes the files in place; lab
// watches and reads them.
import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { runningPids } from '../../processes/proc.ts'
import { answerOf } from '../../read-file.ts'
import type { RegistryEntry } from '../registry-entry.ts'
import { createRegistryFiles, fileNameOf, isEntryName, listEntries } from './files.ts'
import { watchDirectory } from './watch.ts'

export interface Registry {
  /** The last good value of every existing file, without files that stay cut off for seconds. */
  entries(): Iterable<RegistryEntry>
  /** The entries without the retired ones. */
  candidates(): Iterable<RegistryEntry>
  /** Removes an entry whose process is gone from the candidates. A new write of its file brings it back. */
  retire(entry: RegistryEntry): void
  /** Reads one process's file now; null when it is gone or was never whole. */
  read(pid: number): RegistryEntry | null
  /**
   * Whether the directory's disk answers, within 2 s. `read` and `reconcile` hold lab's only thread, so a
   * caller asks this first: a dead mount would hold the thread without end.
   */
  answers(): Promise<boolean>
  /** Looks at the directory itself, for changes that its watcher missed. */
  reconcile(): void
  close(): void
}

// Files survive a `kill -9`, and after years there are thousands. Only a running process writes its file.
// A look reads only this many of the others, in turn, because another host may run their processes.
const restPerLook = 200
// A directory's time is exact to a tick, or to a second on some file systems.
const grainMs = 2000

/**
 * Watches a registry directory, which may not exist yet. The first look is done when this returns;
 * `onChange` is called for later changes of entries.
 */
export function createRegistry(dir: string, onChange: () => void): Registry {
  let names: readonly string[] = []
  /** The directory's identity when lab read the names; null when names may have come since. */
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

  /** Takes new files and drops removed ones, if the directory has changed. */
  function lookForNames(): void {
    const { identity, changedAt } = ageOf(dir)
    if (identity === namesOf) return
    names = listEntries(dir)
    // A file that arrives within the same tick does not change the directory's time.
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
    answers: () => answersAt(dir),
    close() {
      closed = true
      files.close()
      watching.close()
    },
  }
}

/** Returns the directory's identity, which differs after a name has come or gone, and the time of its change. */
function ageOf(path: string): { readonly identity: string; readonly changedAt: number } {
  try {
    const { ino, birthtimeMs, mtimeMs } = statSync(path)
    return { identity: `${ino}/${birthtimeMs}/${mtimeMs}`, changedAt: mtimeMs }
  } catch {
    return { identity: '', changedAt: Number.POSITIVE_INFINITY }
  }
}

function answersAt(path: string): Promise<boolean> {
  // A path that does not exist is an answer, too.
  const ask = (): Promise<unknown> => stat(path).catch(() => null)
  return answerOf(`stat ${path}`, ask).then(
    () => true,
    () => false,
  )
}
