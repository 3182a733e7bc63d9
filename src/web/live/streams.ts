// All server-sent streams of one app: opens, bounds, keeps alive and ends them; knows nothing of what they send.
import type { Context } from 'hono'
import { LabError } from '../../errors.ts'
import type { Service } from '../../instances/service.ts'
import type { Counts } from '../access/limits.ts'
import type { Log } from '../../log.ts'
import type { WebEnv } from '../env.ts'
import { createPump } from './pump.ts'
import { createStream, type OnAttend, type OnOpen, type Stream } from './stream.ts'

export interface StreamLimits {
  readonly heartbeatMs: number
  readonly streamsMax: number
  readonly streamsPerClientMax: number
  /** What may wait for a slow reader before it is dropped. */
  readonly queuedBytesMax: number
}

export interface Streams {
  /**
   * Answers with a stream that ends when the client leaves, falls behind, or `close` is called;
   * `onAttend` is called when it begins, and the function that it returns when it ends. @throws LabError too_many_streams
   */
  open(c: Context<WebEnv>, heartbeat: string, onOpen: OnOpen, onAttend?: OnAttend): Response
  /** Ends every stream, and at once those that are opened later. */
  close(): void
  /** Ends the streams of those who are welcome no more; every heartbeat does, too. */
  recheck(): void
  /** How many are open. */
  count(): number
}

// A heartbeat well under the minute after which idle connections are cut along the way; a megabyte is
// thousands of changes, so only a reader that stands still falls behind.
const limitsDefault: StreamLimits = {
  heartbeatMs: 15_000,
  streamsMax: 256,
  streamsPerClientMax: 32,
  queuedBytesMax: 1_048_576,
}

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

interface Open extends Pick<Stream, 'beat' | 'end'> {
  readonly client: string
  readonly isWelcome: () => boolean
}

/** Makes the streams of one app; a stream that fails ends no other. */
export function createStreams(
  subscribe: Service['subscribe'],
  log: Log,
  counts: Counts,
  overrides: Partial<StreamLimits> = {},
): Streams {
  const limits = { ...limitsDefault, ...overrides }
  const open = new Set<Open>()
  const join = createPump(subscribe)
  let isClosed = false
  let timer: NodeJS.Timeout | null = null

  function keep(stream: Open): void {
    open.add(stream)
    timer ??= setInterval(beatAll, limits.heartbeatMs).unref()
  }

  function recheck(): void {
    for (const { isWelcome, end } of open) if (!isWelcome()) end()
  }

  function beatAll(): void {
    recheck()
    open.forEach(({ beat }) => beat())
  }

  function forget(stream: Open): void {
    open.delete(stream)
    if (open.size > 0 || !timer) return
    clearInterval(timer)
    timer = null
  }

  return {
    open(c, heartbeat, onOpen, onAttend = () => () => {}) {
      // A client reads no body of an answer to HEAD, so it would never end the stream.
      if (c.req.raw.method === 'HEAD') return new Response(null, { headers })
      const { isWelcome, name } = c.get('principal')
      const client = `${c.get('client').address} ${name ?? ''}`
      refuseIfFull(open, client, limits)
      if (isClosed) return new Response(null, { headers })
      const made = createStream({
        heartbeat,
        onOpen,
        onAttend,
        join,
        outgoing: c.env?.outgoing,
        onOver: () => forget(stream),
        onDrop: () => counts.add('slow_reader'),
        onFailure: (err) =>
          log.error({ err, request: c.get('requestId') }, 'a stream failed and was ended'),
      })
      const stream: Open = { client, isWelcome, beat: made.beat, end: made.end }
      keep(stream)
      const strategy = new ByteLengthQueuingStrategy({ highWaterMark: limits.queuedBytesMax })
      return new Response(new ReadableStream(made.source, strategy), { headers })
    },
    close() {
      isClosed = true
      open.forEach((stream) => stream.end())
    },
    recheck,
    count: () => open.size,
  }
}

/** @throws LabError too_many_streams */
function refuseIfFull(open: ReadonlySet<Open>, client: string, limits: StreamLimits): void {
  const own = [...open].filter((stream) => stream.client === client).length
  if (open.size < limits.streamsMax && own < limits.streamsPerClientMax) return
  throw new LabError(
    'too_many_streams',
    `Too many live connections are open (${own} of yours, ${open.size} in all). Close a tab or a program that listens, and try again.`,
  )
}
