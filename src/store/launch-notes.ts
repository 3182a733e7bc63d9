// The files of each launch, by its launch id: the settings that its agent reads, the keeper's note of how
// the agent ended, and lab's note of the actor who requested the end.
import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'
import type { Actor } from '../core/actor.ts'
import type { Settings } from '../core/plan.ts'
import { exitOf, type Exit } from '../core/state.ts'
import { readTextSync } from '../read-file.ts'
import { writeNow } from '../atomic-write.ts'
import { actor } from './facts.ts'

export interface LaunchNotes {
  /** Makes the folder where it is missing, and watches the present one. @throws what the system says */
  prepare(): void
  /** The file that a launch's keeper writes. */
  pathOf(launchId: string): string
  /** The launch file: the settings that a launch's agent reads. */
  settingsPathOf(launchId: string): string
  /** Writes the launch file. @throws what the system says */
  writeSettings(launchId: string, settings: Settings): void
  /** Returns how the launch ended; null while the keeper has not noted it. */
  read(launchId: string): Exit | null
  /** Names the file that is the note now, to tell it from a later note; null without a note. */
  identityOf(launchId: string): string | null
  /** Returns the names of the notes that exist now. */
  names(): ReadonlySet<string>
  /**
   * Writes down the actor who requested the launch's end. Once this returns, the request survives a lab
   * that is killed. @throws what the system says
   */
  askEnd(launchId: string, by: Actor): void
  /** Returns the actor who requested the launch's end; null without a request. */
  endAskedBy(launchId: string): Actor | null
  /** Removes the notes of a launch. The launch file stays: a person may run the agent again in its pane. */
  remove(launchId: string): void
  /** Removes the launch files of an instance, except that of the launch `except`. */
  removeSettings(instanceId: string, except?: string): void
  close(): void
}

// A note holds an exit status or an actor.
const noteBytesMax = 4096

/** Opens the folder of notes and calls `onChange` within milliseconds of a new one. */
export function openLaunchNotes(dir: string, onChange: () => void): LaunchNotes {
  let watcher: FSWatcher | null = null
  let watched = ''
  const settingsPathOf = (launchId: string): string => join(dir, `${launchId}.settings`)

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
    // The disk takes nothing now. A caller that needs the folder prepares it.
  }
  return {
    prepare,
    pathOf: (launchId) => join(dir, launchId),
    settingsPathOf,
    writeSettings: (launchId, settings) =>
      writeNow(settingsPathOf(launchId), `${JSON.stringify(settings)}\n`),
    read(launchId) {
      const status = statusIn(join(dir, launchId))
      return /^\d{1,3}$/.test(status) ? exitOf(Number(status)) : null
    },
    identityOf: (launchId) => identityOf(join(dir, launchId)),
    names() {
      try {
        return new Set(readdirSync(dir))
      } catch {
        return new Set()
      }
    },
    // Without a sync, which takes long on a slow disk: the request must outlive lab, but not the machine,
    // whose end would end the agent too.
    askEnd(launchId, by) {
      try {
        writeNow(join(dir, `${launchId}.stop`), by)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        prepare()
        writeNow(join(dir, `${launchId}.stop`), by)
      }
    },
    endAskedBy: (launchId) => actorIn(join(dir, `${launchId}.stop`)),
    remove(launchId) {
      for (const kind of ['', '.part', '.stop'])
        try {
          rmSync(join(dir, `${launchId}${kind}`), { force: true })
        } catch {
          // A file that the disk does not remove harms nothing: no launch gets this name again.
        }
    },
    removeSettings: (instanceId, except) => removeSettings(dir, instanceId, except),
    close: () => watcher?.close(),
  }
}

/** The status that a keeper wrote, or linked to where its disk had no room; empty without a note. */
function statusIn(path: string): string {
  try {
    if (lstatSync(path).isSymbolicLink()) return readlinkSync(path)
    return readTextSync(path, noteBytesMax)
  } catch {
    return ''
  }
}

/** A launch's id begins with that of its instance. What the disk keeps is only litter. */
function removeSettings(dir: string, instanceId: string, except = ''): void {
  try {
    for (const name of readdirSync(dir))
      if (name.startsWith(`${instanceId}.`) && name.endsWith('.settings'))
        if (name !== `${except}.settings`) rmSync(join(dir, name), { force: true })
  } catch {
    // The next launch of the instance tries again.
  }
}

/** The actor in a request; null without one. A lab that was killed while it wrote had not answered yet. */
function actorIn(path: string): Actor | null {
  try {
    return actor.safeParse(readTextSync(path, noteBytesMax)).data ?? null
  } catch {
    return null
  }
}

function identityOf(path: string): string | null {
  try {
    const { ino, mtimeMs } = lstatSync(path)
    return `${ino} ${mtimeMs}`
  } catch {
    return null
  }
}

/** Watches the folder; null where the kernel has no watcher left: the reconcile looks at the folder. */
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
