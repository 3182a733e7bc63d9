// The structured log, to stderr, without worker transports: one JSON object a line, and on a terminal one
// plain line. lab never waits for a reader of stderr, and logs later how many records it dropped.
// Keys: time, level, msg, and instance, project, request, err where they apply.
import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'
import { pino, type DestinationStream } from 'pino'
import type { LogLevel } from './config/flags.ts'
import { printable } from './core/text.ts'

interface LogLine {
  (fields: object, message: string): void
  (message: string): void
}

/** The log of every room: a level, fields if there are any, and a sentence. It never throws and never waits. */
export interface Log {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}

/**
 * Makes a log. Each record is one line, whatever it holds. The log never throws or waits, and loses a record
 * that it cannot write. `destination` replaces stderr.
 */
export function createLog(level: LogLevel, destination: DestinationStream = stderr()): Log {
  return pino(
    {
      level,
      base: null,
      errorKey: 'err',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    destination,
  )
}

/** stderr: records as they are, or in plain words for a person who looks at a terminal. */
function stderr(): DestinationStream {
  const lines = createLines(2)
  return isatty(2) ? { write: (record) => lines.write(plainLine(record)) } : lines
}

/**
 * A record as one plain line: `14:02:07 warn  a start failed (project: api, err: tmux is missing)`. The
 * level `info` is left out, ids are short, and an error shows its message.
 */
export function plainLine(record: string): string {
  const { time, level, msg, ...fields } = JSON.parse(record) as Record<string, unknown>
  const clock = new Date(String(time)).toTimeString().slice(0, 8)
  const shown = Object.entries(fields).flatMap(([key, value]) => {
    const text = plainText(value)
    return text === '' ? [] : [`${key}: ${text}`]
  })
  const rest = shown.length > 0 ? ` (${shown.join(', ')})` : ''
  const degree = level === 'info' ? '' : `${String(level)}: `
  return `${printable(`${clock} ${degree}${String(msg)}${rest}`)}\n`
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(plainText).join(' ')
  if (typeof value === 'string') return value.replace(/^([\da-f]{8})-[\da-f-]{27}$/, '$1')
  const { message } = value as { readonly message?: unknown }
  return typeof message === 'string' ? message : JSON.stringify(value)
}

// About a thousand records: a pause of the reader loses none, and a log without a reader does not grow.
const queuedBytesMax = 512 * 1024
const retryMs = 50

/**
 * Writes lines to an open descriptor and returns at once, also without a reader. Lines that do not fit wait,
 * up to a bound. Beyond the bound it drops lines, and writes their number once there is room again.
 */
export function createLines(fd: number): DestinationStream {
  const { to } = nonBlocking(fd)
  let queue: Buffer[] = []
  let queuedBytes = 0
  let dropped = 0
  let timer: NodeJS.Timeout | null = null

  function add(line: string): void {
    const bytes = Buffer.from(line)
    queue.push(bytes)
    queuedBytes += bytes.length
  }

  /** Writes the queue. Returns whether the descriptor took all of it. */
  function flow(): boolean {
    for (let first = queue[0]; first; first = queue[0]) {
      try {
        const count = writeSync(to, first)
        queuedBytes -= count
        // The rest of a record comes first, so that no other record splits it.
        if (count < first.length) queue[0] = first.subarray(count)
        else queue.shift()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
        // A reader of stderr that went away (`lab 2>&1 | head`) must not end lab.
        queue = []
        queuedBytes = 0
      }
    }
    return true
  }

  function retry(): void {
    timer = null
    if (flow() && dropped > 0) {
      const time = new Date().toISOString()
      const msg = 'lab dropped log records, because stderr had no reader'
      add(`${JSON.stringify({ level: 'warn', time, dropped, msg })}\n`)
      dropped = 0
      flow()
    }
    if (queue.length > 0) timer = setTimeout(retry, retryMs).unref()
  }

  return {
    write(line) {
      if (queuedBytes + line.length > queuedBytesMax) dropped++
      else add(line)
      if (!timer) retry()
    },
  }
}

/** A non-blocking descriptor of the same file: opened again if possible, because other processes share the flag. */
function nonBlocking(fd: number): { readonly to: number; readonly kept?: Socket } {
  try {
    const stat = fstatSync(fd)
    if (stat.isFile()) return { to: fd }
    if (!stat.isSocket())
      try {
        const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
        return { to: openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY) }
      } catch {
        // The file belongs to another account, or has no reader: Node's socket below can still write to it.
      }
    // Node sets the flag on a stream, and clears it at the end.
    const kept = new Socket({ fd, readable: false, writable: true })
    kept.on('error', () => undefined).unref()
    return { to: fd, kept }
  } catch {
    // Node cannot use it as a stream, such as a terminal of another account.
    return { to: fd }
  }
}
