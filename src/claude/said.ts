// Reads what was said in a conversation from Claude Code's transcript, from its end, page by page.
import { constants } from 'node:fs'
import { open, readdir, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Said, SaidPage } from '../core/input/message.ts'
import { answerOf } from '../read-file.ts'

// Most records of a transcript are attachments and requests: 3 % of the bytes are conversation.
const blockBytes = 64 * 1024
const pageBytesMax = 8 * 1024 * 1024
const messagesPerPage = 20
const textCharsMax = 20_000
const flags = constants.O_RDONLY | constants.O_NONBLOCK

const noPage: SaidPage = { messages: [], before: null }

/**
 * The messages of a conversation that end before byte `before`, or at the end of the file when it is null.
 * Empty where Claude has no transcript. @throws Unreadable when the disk does not answer
 */
export async function readSaid(
  transcriptsDir: string,
  conversation: string,
  before: number | null,
): Promise<SaidPage> {
  const name = `${conversation}.jsonl`
  return answerOf(`read ${name} before ${before}`, async () => {
    const file = await openTranscript(transcriptsDir, name)
    if (file === null) return noPage
    try {
      const { size } = await file.stat()
      return await readPage(file, Math.min(before ?? size, size))
    } finally {
      await file.close()
    }
  })
}

async function openTranscript(dir: string, name: string): Promise<FileHandle | null> {
  const folders = await readdir(dir).catch(() => [])
  for (const folder of folders) {
    const file = await open(join(dir, folder, name), flags).catch(() => null)
    if (file && (await file.stat()).isFile()) return file
    await file?.close()
  }
  return null
}

/** Reads lines from `end` backwards until the page is full, too many bytes are read, or the file begins. */
async function readPage(file: FileHandle, end: number): Promise<SaidPage> {
  const messages: Said[] = []
  // The bytes of the line that begins before the blocks that are read.
  let rest = Buffer.alloc(0)
  let at = end
  while (at > 0 && end - at < pageBytesMax) {
    const from = Math.max(0, at - blockBytes)
    const block = Buffer.alloc(at - from)
    await file.read(block, 0, block.length, from)
    const bytes = Buffer.concat([block, rest])
    at = from
    let lineEnd = bytes.length
    for (;;) {
      const lineStart = lineEnd === 0 ? 0 : bytes.lastIndexOf(10, lineEnd - 1) + 1
      if (lineStart === 0 && at > 0) break
      const said = saidIn(bytes.toString('utf8', lineStart, lineEnd))
      if (said) messages.unshift(said)
      if (messages.length >= messagesPerPage) return pageOf(messages, at + lineStart)
      if (lineStart === 0) return pageOf(messages, 0)
      lineEnd = lineStart - 1
    }
    rest = bytes.subarray(0, lineEnd)
  }
  return pageOf(messages, at)
}

function pageOf(messages: readonly Said[], before: number): SaidPage {
  return { messages, before: before > 0 ? before : null }
}

/** The message in one record; null for a record of another kind and for one that holds no text. */
function saidIn(line: string): Said | null {
  // Parsing only these lines saves most of the work.
  if (!line.includes('"role":"user"') && !line.includes('"role":"assistant"')) return null
  let record: TranscriptRecord
  try {
    record = JSON.parse(line) as TranscriptRecord
  } catch {
    return null
  }
  if (record.isSidechain === true || record.isMeta === true) return null
  const { type, message, timestamp } = record
  if (type !== 'user' && type !== 'assistant') return null
  const text = textOf(message?.content).trim()
  if (text === '') return null
  const at = typeof timestamp === 'string' && !Number.isNaN(Date.parse(timestamp)) ? timestamp : null // prettier-ignore
  const shown = text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text
  return { at, who: type === 'user' ? 'user' : 'agent', text: shown }
}

interface TranscriptRecord {
  readonly type?: unknown
  readonly isSidechain?: unknown
  readonly isMeta?: unknown
  readonly timestamp?: unknown
  readonly message?: { readonly content?: unknown }
}

/** The text of a message: its text blocks, and each use of a tool as one line. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as readonly Block[])
    .flatMap(({ type, text, name, input }) => {
      if (type === 'text' && typeof text === 'string') return [text]
      if (type === 'tool_use' && typeof name === 'string') return [toolLine(name, input)]
      return []
    })
    .join('\n')
}

interface Block {
  readonly type?: unknown
  readonly text?: unknown
  readonly name?: unknown
  readonly input?: unknown
}

function toolLine(name: string, input: unknown): string {
  const { command, file_path: file, description } = (input ?? {}) as Record<string, unknown>
  const what = [command, file, description].find((value) => typeof value === 'string')
  return what === undefined ? `[${name}]` : `[${name}] ${what}`
}
