// The files of each launch, by its launch id: the settings that its agent reads, the keeper's note of how
// the agent ended, and lab's note of who asked for its end.
import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'
import type { Actor } from '../core/instance.ts'
import type { Settings } from '../core/plan.ts'
import { exitOf, type Exit } from '../core/state.ts'
import { readTextSync } from '../read-file.ts'
import { writeNow } from '../atomic-write.ts'

export interface LaunchNotes {
  /** Makes the folder where it is missing, and watches the one that is there now. @throws what the system says */
  prepare(): void
  /** The file that a launch's keeper writes. */
  pathOf(note: string): string
  /** The launch file: the settings that a launch's agent reads. */
  settingsPathOf(note: string): string
  /** Writes the launch file. @throws what the system says */
  writeSettings(note: string, settings: Settings): void
  /** How the launch ended, or null while there is no note. */
  read(note: string): Exit | null
  /** The notes that are there now. */
  names(): ReadonlySet<string>
  /** Writes down who asked for the launch's end; once this returns, a killed lab has not forgotten it. @throws what the system says */
  askEnd(note: string, by: Actor): void
  /** Who asked for the launch's end, or null. */
  endAskedBy(note: string): Actor | null
  /** Removes all that is noted about a launch. */
  remove(note: string): void
  close(): void
}

// An exit status, or the name of who asked.
const noteBytesMax = 4096

/** Opens the folder of notes and calls `onChange` within milliseconds of a new one. */
export function openLaunchNotes(dir: string, onChange: () => void): LaunchNotes {
  let watcher: FSWatcher | null = null
  let watched = ''
  const settingsPathOf = (note: string): string => join(dir, `${note}.settings`)

  function prepare(): void {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const { ino, birthtimeMs } = statSync(dir)
    // A folder that was removed and made again has no watcher, whatever its path.
    if (watcher && watched === `${ino}/${birthtimeMs}`) return
    watcher?.close()
    watcher = watchNotes(dir, onChange)
    watched = `${ino}/${birthtimeMs}`
  }

  try {
    prepare()
  } catch {
    // The disk takes nothing now: there are no notes, and whoever needs the folder prepares it.
  }
  return {
    prepare,
    pathOf: (note) => join(dir, note),
    settingsPathOf,
    writeSettings: (note, settings) =>
      writeNow(settingsPathOf(note), `${JSON.stringify(settings)}\n`),
    read(note) {
      const status = statusIn(join(dir, note))
      return /^\d{1,3}$/.test(status) ? exitOf(Number(status)) : null
    },
    names() {
      try {
        return new Set(readdirSync(dir))
      } catch {
        return new Set()
      }
    },
    // Written through the cache alone: what must outlive lab need not outlive the machine, which would
    // end the agent, too. That takes no longer when the disk is slow.
    askEnd(note, by) {
      try {
        writeNow(join(dir, `${note}.stop`), by)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        prepare()
        writeNow(join(dir, `${note}.stop`), by)
      }
    },
    endAskedBy(note) {
      try {
        const by = readTextSync(join(dir, `${note}.stop`), noteBytesMax)
        return isActor(by) ? by : null
      } catch {
        return null
      }
    },
    remove(note) {
      for (const kind of ['', '.part', '.stop', '.settings'])
        try {
          rmSync(join(dir, `${note}${kind}`), { force: true })
        } catch {
          // What the disk does not let go of is only litter: no launch bears that name again.
        }
    },
    close: () => watcher?.close(),
  }
}

/** What a keeper wrote, or linked to where its disk had no room; empty without it. */
function statusIn(path: string): string {
  try {
    if (lstatSync(path).isSymbolicLink()) return readlinkSync(path)
    return readTextSync(path, noteBytesMax)
  } catch {
    return ''
  }
}

/** Null where the kernel has no watcher left: the reconcile looks at the folder itself. */
function watchNotes(dir: string, onChange: () => void): FSWatcher | null {
  try {
    // A note appears by rename from `NAME.part`, so it is never seen half-written.
    const watcher = watch(dir, { persistent: false }, (_event, name) => {
      if (name && !/\.(?:part|stop|settings)$/.test(name)) onChange()
    })
    return watcher.on('error', () => undefined)
  } catch {
    return null
  }
}

/** A lab that was killed while it wrote had promised nothing yet. */
function isActor(text: string): text is Actor {
  return /^(?:page|api|cli|agent|nobody|(?:user|token):[^]*)$/.test(text)
}
