// The structured log: one JSON object a line, to stderr, written before the call returns, without
// worker transports. Agreed keys: time, level, msg, and instance, project, request, err where they apply.
import { pino, type DestinationStream, type Logger } from 'pino'
import type { LogLevel } from './config.ts'

export type Log = Logger

/**
 * Makes a log whose every record is one line whatever it holds, and which never throws: what cannot be
 * written is lost. `destination` stands in for stderr.
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

function stderr(): DestinationStream {
  const stream = pino.destination({ fd: 2, sync: true })
  // A reader of stderr that went away (`lab 2>&1 | head`) must not end lab.
  stream.on('error', () => {})
  return stream
}
