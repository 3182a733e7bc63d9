// The structured log: one JSON object a line, to stderr, without worker transports. Whoever reads stderr
// may stop reading: lab never waits for that, and says later how many records it dropped.
// Agreed keys: time, level, msg, and instance, project, request, err where they apply.
import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { pino, type DestinationStream } from 'pino'
import type { LogLevel } from './config/flags.ts'

interface LogLine {
  (fields: object, message: string): void
  (message: string): void
}

/** Where every room logs: a level, fields if there are any, and a sentence. It never throws and never waits. */
export interface Log {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}

/**
 * Makes a log whose every record is one line whatever it holds, and which never throws nor waits: what cannot
 * be written is lost. `destination` stands in for stderr.
 */
export function createLog(level: LogLevel, destination: DestinationStream = createLines(2)): Log {
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

// Some thousand records: a pause of the reader costs none, and a lab that nobody reads does not grow.
const queuedBytesMax = 512 * 1024
const retryMs = 50

/**
 * Writes lines to an open descriptor and returns at once, whether somebody reads them or not. What does
 * not fit waits, up to a bound; what is dropped beyond it is counted, and said once there is room again.
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

  /** Whether all was taken. */
  function flow(): boolean {
    for (let first = queue[0]; first; first = queue[0]) {
      try {
        const count = writeSync(to, first)
        queuedBytes -= count
        // The rest comes first: no other record stands within this one.
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
      const msg = 'log records were dropped, for nobody read them'
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

/** The same file without waiting: opened anew where that can be, for the flag is shared with whoever else has it. */
function nonBlocking(fd: number): { readonly to: number; readonly kept?: Socket } {
  try {
    const stat = fstatSync(fd)
    if (stat.isFile()) return { to: fd }
    if (!stat.isSocket())
      try {
        const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
        return { to: openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY) }
      } catch {
        // Another account's, or nobody reads it: then below.
      }
    // Node sets the flag on what it takes for a stream, and takes it back at the end.
    const kept = new Socket({ fd, readable: false, writable: true })
    kept.on('error', () => undefined).unref()
    return { to: fd, kept }
  } catch {
    // No stream that Node knows, such as a terminal of another account.
    return { to: fd }
  }
}
