// The keepers' notes: one small file for each launch, written when the agent ended.
import { mkdirSync, readdirSync, readFileSync, rmSync, watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import { exitOf, type Exit } from '../core/state.ts'

export interface Notes {
  /** The file that a launch's keeper writes. */
  pathOf(note: string): string
  /** How the launch ended, or null while there is no note. */
  read(note: string): Exit | null
  /** The notes that are there now. */
  names(): ReadonlySet<string>
  remove(note: string): void
  close(): void
}

/** Opens the folder of notes and calls `onChange` within milliseconds of a new one. */
export function openNotes(dir: string, onChange: () => void): Notes {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const watcher = watchNotes(dir, onChange)
  return {
    pathOf: (note) => join(dir, note),
    read(note) {
      try {
        const status = readFileSync(join(dir, note), 'utf8')
        return /^\d{1,3}$/.test(status) ? exitOf(Number(status)) : null
      } catch {
        return null
      }
    },
    names() {
      try {
        return new Set(readdirSync(dir))
      } catch {
        return new Set()
      }
    },
    remove: (note) => {
      rmSync(join(dir, note), { force: true })
      rmSync(join(dir, `${note}.part`), { force: true })
    },
    close: () => watcher?.close(),
  }
}

/** Null where the kernel has no watcher left: the reconcile looks at the folder itself. */
function watchNotes(dir: string, onChange: () => void): FSWatcher | null {
  try {
    // A note appears by rename from `NAME.part`, so it is never seen half-written.
    const watcher = watch(dir, { persistent: false }, (_event, name) => {
      if (name && !name.endsWith('.part')) onChange()
    })
    return watcher.on('error', () => undefined)
  } catch {
    return null
  }
}
