// Watches one transcript, to which Claude appends, and reads its newest records.
import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { answerOf, readLinesBackwards } from '../../read-file.ts'
import { createEndReader, type TranscriptEnd } from './records.ts'

export interface TranscriptWatch {
  /** Looks for a file that was not there yet, and reads it; nothing while a watcher waits for a change. */
  arm(): void
  /** Reads the end of the file soon. */
  look(): void
  close(): void
}

// A tool's result or a picture may be longer. What lab knows stays then, until a newer record comes.
const bytesMax = 1024 * 1024
// An agent may write many records a second, and each new line is a new row on every page.
const restMs = 250

/**
 * Watches the file, which may not exist yet, and calls `onEnd` with its end after each change. A file that
 * lab cannot read, or in which it finds no record of the conversation, has no end.
 */
export function watchTranscript(
  path: string,
  onEnd: (end: TranscriptEnd) => void,
): TranscriptWatch {
  let watcher: FSWatcher | null = null
  let isReading = false
  let isWanted = false
  let closed = false

  async function read(): Promise<void> {
    const reader = createEndReader()
    const isWhole = await readLinesBackwards(path, (line) => reader.take(line.toString()), {
      bytesMax,
    })
    const end = reader.end()
    if (!closed && (isWhole || end.tool !== null)) onEnd(end)
  }

  /** Puts a watcher on the file, or on its folder until the file is there. */
  async function arm(): Promise<void> {
    const target = (await isThere(path)) ? path : dirname(path)
    if (target !== path && !(await isThere(target))) return
    if (closed || watcher) return
    const armed = watch(target, { persistent: false }, (event, name) => {
      if (target !== path && name !== basename(path)) return
      // The file came, or another file has its name now.
      if (target !== path || event === 'rename') disarm(armed)
      look()
    })
    armed.on('error', () => disarm(armed))
    watcher = armed
  }

  function disarm(armed: FSWatcher): void {
    armed.close()
    if (watcher === armed) watcher = null
  }

  function look(): void {
    isWanted = true
    if (isReading || closed) return
    isReading = true
    isWanted = false
    // Without a watcher, such as when the kernel has none left, a listing of tmux leads here again.
    void arm()
      .catch(() => undefined)
      .then(read)
      .catch(() => undefined)
      .then(() => {
        setTimeout(() => {
          isReading = false
          if (isWanted) look()
        }, restMs).unref()
      })
  }

  look()
  return {
    arm: () => void (watcher ?? look()),
    look,
    close() {
      closed = true
      watcher?.close()
    },
  }
}

/** Whether the path exists. @throws Unreadable when its disk does not answer */
function isThere(path: string): Promise<boolean> {
  const ask = (): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    )
  return answerOf(`stat ${path}`, ask)
}
