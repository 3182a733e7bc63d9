// The spool: a folder per instance into which the agent's hooks put one file per event. lab reads the
// files, also those of the time while it was away, and answers a waiting hook through its FIFO.
import {
  closeSync, constants, fstatSync, mkdirSync, openSync, opendirSync, rmSync, statSync, watch, writeSync,
  type FSWatcher, type Stats,
} from 'node:fs' // prettier-ignore
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readTextSync } from '../read-file.ts'

/** One file of the spool. */
export interface SpoolFile {
  /** The file's name, which no other event of the instance has while this one is in the spool. */
  readonly name: string
  /** The hook's event, such as `Stop`. */
  readonly event: string
  /** The hook's process; 0 where the file does not say. */
  readonly pid: number
  /** When the hook wrote it, in milliseconds since the epoch. */
  readonly at: number
  readonly text: string
}

export interface Spool {
  /** Makes the folder of an instance empty for a launch. @throws what the system says */
  prepare(id: string): void
  /**
   * Watches the folder of an instance and reads what it holds; without a folder, `look` tries again. A
   * folder that lab watches already stays as it is.
   */
  watch(id: string): void
  /** Reads what is new in every watched folder, as a watch does; for what the watch missed. */
  look(): void
  /** Whether a waiting hook still has its file: it ends with it. */
  holds(id: string, name: string): boolean
  /**
   * Writes a text to a waiting hook, which ends then. Resolves to false when no hook reads there any more.
   */
  answer(id: string, name: string, text: string): Promise<boolean>
  /** Stops watching an instance, lets its waiting hooks end, and removes the folder. */
  forget(id: string): void
  close(): void
}

/** The event whose hook waits; its file stays until the hook has ended. */
const waitingEvent = 'PermissionRequest'
const fileName = /^([A-Za-z]+)\.(\d+)\.(\w+)$/
// The shim writes no longer text, and an agent has no reason to keep more files than the shim leaves.
const textBytesMax = 4 * 1024 * 1024
const filesMax = 1000
// What one look reads of an instance at most; the rest waits for the next look.
const lookBytesMax = 16 * 1024 * 1024
// The latest moment that a Date can hold.
const dateMax = 8.64e15

/** Opens the folder of all spools. `onFile` hears of each new file, in the order of their times. */
export function openSpool(dir: string, onFile: (id: string, file: SpoolFile) => void): Spool {
  /** For each watched instance the watcher, once there is a folder, and the waiting hooks that lab knows. */
  const watched = new Map<string, { watcher: FSWatcher | null; readonly known: Set<string> }>()
  /** The instances whose folder is ready for a launch. */
  const prepared = new Set<string>()
  const folderOf = (id: string): string => join(dir, id)

  function read(id: string): void {
    const known = watched.get(id)?.known
    if (!known) return
    let budget = lookBytesMax
    for (const found of filesIn(folderOf(id), known)) {
      if (budget <= 0) return
      const path = join(folderOf(id), found.name)
      // One file at a time: an agent may have written more than lab has memory for.
      const text = textOf(path)
      if (found.event === waitingEvent) known.add(found.name)
      else remove(path)
      budget -= text?.length ?? 0
      if (text !== null) onFile(id, { ...found, text })
    }
  }

  function begin(id: string): void {
    const one = watched.get(id)
    if (!one || one.watcher) return
    one.watcher = watchFolder(folderOf(id), () => read(id))
    one.watcher?.on('close', () => (one.watcher = null))
  }

  function forget(id: string): void {
    watched.get(id)?.watcher?.close()
    watched.delete(id)
    prepared.delete(id)
    const folder = folderOf(id)
    const waiting = namesIn(folder).filter((name) => name.startsWith(`${waitingEvent}.`))
    // A hook whose agent is gone would wait for ever. It removes its files when it ends.
    const released = waiting.map((name) => writeFifo(fifoOf(folder, name), '{}'))
    if (released.length === 0) remove(folder)
    else void Promise.allSettled(released).then(() => prepared.has(id) || remove(folder))
  }

  return {
    prepare(id) {
      forget(id)
      mkdirSync(folderOf(id), { recursive: true, mode: 0o700 })
      prepared.add(id)
    },
    watch(id) {
      if (watched.has(id)) return
      watched.set(id, { watcher: null, known: new Set() })
      begin(id)
      read(id)
    },
    look() {
      for (const id of watched.keys()) {
        begin(id)
        read(id)
      }
    },
    holds: (id, name) => statOf(join(folderOf(id), name)) !== null,
    answer: (id, name, text) => writeFifo(fifoOf(folderOf(id), name), text),
    forget,
    close() {
      for (const { watcher } of watched.values()) watcher?.close()
      watched.clear()
    },
  }
}

function fifoOf(folder: string, name: string): string {
  return join(folder, `.${name}.fifo`)
}

/** The new files of a folder, the oldest first. */
function filesIn(folder: string, known: ReadonlySet<string>): readonly Omit<SpoolFile, 'text'>[] {
  const files = namesIn(folder).flatMap((name) => {
    const [, event, pid] = fileName.exec(name) ?? []
    const stat = event === undefined || known.has(name) ? null : statOf(join(folder, name))
    if (event === undefined || !stat?.isFile()) return []
    return [{ name, event, pid: Number(pid), at: Math.min(Math.max(0, stat.mtimeMs), dateMax) }]
  })
  return files.toSorted((one, other) => one.at - other.at)
}

/** The stat of a file; null where there is none, or lab may not look. An agent can change its folder. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

/** The text of a file; null for one that has gone, or that lab does not read. */
function textOf(path: string): string | null {
  try {
    return readTextSync(path, textBytesMax)
  } catch {
    return null
  }
}

function namesIn(folder: string): readonly string[] {
  const names: string[] = []
  try {
    const entries = opendirSync(folder)
    try {
      for (;;) {
        const entry = names.length < filesMax ? entries.readSync() : null
        if (entry === null) return names
        names.push(entry.name)
      }
    } finally {
      entries.closeSync()
    }
  } catch {
    return names
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // A file that the disk does not remove is read again, and says nothing new.
  }
}

function watchFolder(folder: string, onChange: () => void): FSWatcher | null {
  try {
    // A file appears by rename; the names that begin with a dot are not whole yet.
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (!name?.startsWith('.')) onChange()
    })
    return watcher.on('error', () => watcher.close())
  } catch {
    return null
  }
}

const openMs = 1000
const pauseMs = 10

/** Writes to a FIFO whose reader waits; false without a reader. A hook opens its FIFO right after its file. */
async function writeFifo(path: string, text: string): Promise<boolean> {
  const fd = await openFifo(path)
  if (fd === null) return false
  try {
    let rest = Buffer.from(text)
    const deadline = performance.now() + openMs
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(fd, rest))
      } catch (error) {
        const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN'
        if (!isFull || performance.now() > deadline) return false
        await delay(pauseMs)
      }
    }
    return true
  } finally {
    closeSync(fd)
  }
}

async function openFifo(path: string): Promise<number | null> {
  const deadline = performance.now() + openMs
  for (;;) {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      if (fstatSync(fd).isFIFO()) return fd
      closeSync(fd)
      return null
    } catch (error) {
      const hasNoReader = (error as NodeJS.ErrnoException).code === 'ENXIO'
      if (!hasNoReader || performance.now() > deadline) return null
    }
    await delay(pauseMs)
  }
}
