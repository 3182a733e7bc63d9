// The append-only journal: every move of every instance, one JSON line each, rotated by size.
import { constants } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../log.ts'

export interface JournalEntry {
  /** ISO 8601. */
  readonly at: string
  readonly id: string
  readonly name: string
  readonly what: string
  readonly by: string
  readonly [key: string]: unknown
}

export interface Journal {
  /**
   * Appends a line, in the order of the calls. A line that cannot be written waits for the next try. The
   * journal logs a failure once, and never throws.
   */
  append(entry: JournalEntry): void
  /** Resolves when no write is under way. */
  flush(): Promise<void>
}

// About 20,000 moves; one older file is kept.
const bytesMax = 5 * 1024 * 1024
// The lines that wait for a disk: the same number of moves. Beyond it the oldest lines are dropped.
const waitingMax = 20_000
const retryMs = 2000

/** Opens `journal.jsonl` in the state directory. `prepare` makes that directory ready before a write. */
export function openJournal(dir: string, log: Log, prepare: () => void = () => undefined): Journal {
  const path = join(dir, 'journal.jsonl')
  let lines: string[] = []
  let writing: Promise<void> | null = null
  let failing = false
  let retry: NodeJS.Timeout | undefined

  async function drain(): Promise<void> {
    clearTimeout(retry)
    while (lines.length > 0) {
      const taken = lines
      lines = []
      try {
        prepare()
        await appendWhole(path, taken.join(''))
        failing = false
      } catch (error) {
        if (!failing) log.error({ err: error }, 'the journal could not be written')
        failing = true
        lines = [...taken, ...lines].slice(-waitingMax)
        retry = setTimeout(begin, retryMs).unref()
        break
      }
    }
    writing = null
  }

  function begin(): void {
    writing ??= drain()
  }

  return {
    append(entry) {
      lines.push(`${JSON.stringify(entry)}\n`)
      begin()
    },
    flush: async () => writing ?? undefined,
  }
}

/** Appends all of a text or nothing, so that no line is torn. @throws what the system says */
async function appendWhole(path: string, text: string): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new Error(`${path} is not a regular file`)
    if (stat.size > bytesMax) {
      await rename(path, `${path}.1`)
      return await appendWhole(path, text)
    }
    try {
      await file.writeFile(text)
    } catch (error) {
      await file.truncate(stat.size).catch(() => undefined)
      throw error
    }
  } finally {
    await file.close()
  }
}
