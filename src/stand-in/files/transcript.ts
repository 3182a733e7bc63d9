// Conversations on disk: `<config dir>/projects/<munged cwd>/<id>.jsonl`, one record per line. The
// first prompt makes the file.
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs' // prettier-ignore
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Json } from './home.ts'

export interface Transcript {
  /** Appends one record; adds the fields that every record has. */
  add(type: 'user' | 'assistant' | 'system', fields: Json): void
  /** Appends a record of the session, which belongs to no message. */
  note(type: 'last-prompt' | 'custom-title', fields: Json): void
  /** Whether the file exists, so that a resume finds the conversation. */
  exists(): boolean
  readonly file: string
}

/** The folder name for a working directory: every character but letters and digits becomes a dash. */
export function mungeCwd(cwd: string): string {
  return cwd.replace(/[^A-Za-z0-9]/g, '-')
}

/** The file of a conversation that began in this directory. */
export function transcriptFile(projects: string, cwd: string, id: string): string {
  return join(projects, mungeCwd(cwd), `${id}.jsonl`)
}

/** The file of a conversation, from any working directory; null when there is none. */
export function findTranscript(projects: string, id: string): string | null {
  if (!existsSync(projects)) return null
  for (const folder of readdirSync(projects)) {
    const file = join(projects, folder, `${id}.jsonl`)
    if (existsSync(file)) return file
  }
  return null
}

/** Copies a conversation to the file of another id, for `--fork-session`. */
export function forkTranscript(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}

/** Opens a conversation for appending. The first record makes the file. */
export function createTranscript(
  file: string,
  common: { readonly sessionId: string; readonly cwd: string; readonly version: string },
): Transcript {
  let parentUuid: string | null = null

  function append(record: Json): void {
    mkdirSync(dirname(file), { recursive: true })
    appendFileSync(file, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  }

  return {
    file,
    exists: () => existsSync(file),
    note: (type, fields) => append({ type, ...fields, sessionId: common.sessionId }),
    add(type, fields) {
      const uuid = randomUUID()
      append({
        parentUuid,
        isSidechain: false,
        type,
        ...fields,
        uuid,
        timestamp: new Date().toISOString(),
        userType: 'external',
        entrypoint: 'cli',
        ...common,
      })
      parentUuid = uuid
    },
  }
}

/** The fields of a message of the model, with the blocks of its content. */
export function assistantMessage(content: readonly Json[], stopReason: string): Json {
  const id = `msg_${randomUUID().replaceAll('-', '').slice(0, 24)}`
  const usage = { input_tokens: 1200, output_tokens: 40 }
  const message = { id, type: 'message', role: 'assistant', model: 'claude-sonnet-5-5', content }
  return { message: { ...message, stop_reason: stopReason, stop_sequence: null, usage } }
}

/** The messages of a conversation, oldest first, without records of other kinds. */
export function readTurns(file: string): { readonly role: string; readonly text: string }[] {
  const turns: { role: string; text: string }[] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue
    const record = JSON.parse(line) as { message?: { role?: string; content?: unknown } }
    const content = record.message?.content
    const text = Array.isArray(content) ? (content as { text?: string }[])[0]?.text : content
    if (record.message?.role && typeof text === 'string')
      turns.push({ role: record.message.role, text })
  }
  return turns
}
