// The append-only journal: every move of every instance, one JSON line each, rotated by size.
import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

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
  /** Appends a line in order of the calls; a failure to write is told once through `warn` and ends nothing. */
  append(entry: JournalEntry): void
  flush(): Promise<void>
}

// About 20,000 moves; one older file is kept.
const bytesMax = 5 * 1024 * 1024

/** Opens `journal.jsonl` in the state directory. */
export function openJournal(dir: string, warn: (error: unknown) => void): Journal {
  const path = join(dir, 'journal.jsonl')
  let lines: string[] = []
  let writing: Promise<void> | null = null
  let failing = false

  async function drain(): Promise<void> {
    while (lines.length > 0) {
      const text = lines.join('')
      lines = []
      try {
        const size = await stat(path).then(
          (found) => found.size,
          () => 0,
        )
        if (size > bytesMax) await rename(path, `${path}.1`)
        await appendFile(path, text, { mode: 0o600 })
        failing = false
      } catch (error) {
        if (!failing) warn(error)
        failing = true
      }
    }
    writing = null
  }

  return {
    append(entry) {
      lines.push(`${JSON.stringify(entry)}\n`)
      writing ??= drain()
    },
    flush: async () => writing ?? undefined,
  }
}
