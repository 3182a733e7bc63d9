// Server-sent events: opens, bounds, keeps alive and ends streams; knows nothing of what they say.
import type { Context } from 'hono'
import { LabError } from '../../errors.ts'
import type { Counts } from '../access/limits.ts'
import type { WebEnv, WebLog } from '../env.ts'
import type { Instances } from '../../instances/instances.ts'
import { createPump, type OnEvent } from './pump.ts'

export interface StreamLimits {
  readonly heartbeatMs: number
  readonly streamsMax: number
  readonly streamsPerClientMax: number
  /** What may wait for a slow reader before it is dropped. */
  readonly queuedBytesMax: number
}

export interface Outlet {
  readonly send: (chunk: string) => void
  /** Resolves when the reader has taken so much that there is room for more; at once when there is. */
  readonly room: () => Promise<void>
}

/** Sends the initial snapshot and returns the handler for later events. */
export type OnOpen = (outlet: Outlet) => OnEvent | Promise<OnEvent>

/** Starts work that lasts as long as the stream is open, and returns how to end it. */
export type OnAttend = () => () => void

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

const nothing = (): void => {}

// What may happen while a reader takes its first words, a thousand cards on a slow line.
const heldMax = 10_000

interface Open {
  readonly client: string
  readonly isWelcome: () => boolean
  readonly beat: () => void
  readonly end: () => void
}

/** Makes the keeper of all streams of one app; each fails for itself alone. */
export function createStreams(
  subscribe: Instances['subscribe'],
  log: WebLog,
  counts: Counts,
  overrides: Partial<StreamLimits> = {},
): Streams {
  const limits = { ...limitsDefault, ...overrides }
  const open = new Set<Open>()
  const join = createPump(subscribe)
  let isClosed = false
  let timer: NodeJS.Timeout | null = null

  function admit(client: string): void {
    const own = [...open].filter((stream) => stream.client === client).length
    if (open.size < limits.streamsMax && own < limits.streamsPerClientMax) return
    throw new LabError(
      'too_many_streams',
      `Too many live connections are open (${own} of yours, ${open.size} in all). Close a tab or a program that listens, and try again.`,
    )
  }

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

  /** One stream's life: every way to end it leads through `over`. */
  function source(c: Context<WebEnv>, heartbeat: string, onOpen: OnOpen, onAttend: OnAttend) {
    const { outgoing } = c.env ?? {}
    const { isWelcome, name } = c.get('principal')
    const client = `${c.get('client').address} ${name ?? ''}`
    admit(client)
    const encoder = new TextEncoder()
    let over = nothing
    let hasRoom = nothing

    function start(controller: ReadableStreamDefaultController<Uint8Array>): void {
      let isOver = false
      let unsubscribe = nothing
      let leave = nothing
      over = () => {
        isOver = true
        unsubscribe()
        leave()
        hasRoom()
        forget(stream)
      }
      const drop = (): void => {
        over()
        counts.add('slow_reader')
        // The socket is stuck: an orderly end would wait behind what nobody reads.
        if (outgoing) outgoing.destroy()
        else controller.error(new Error('the reader of this stream fell behind'))
      }
      const isFull = (): boolean => (controller.desiredSize ?? 0) <= 0
      const send = (chunk: string): void => {
        if (isOver) return
        controller.enqueue(encoder.encode(chunk))
        if (isFull() && !isBeginning) drop()
      }
      const room = async (): Promise<void> => {
        while (!isOver && isFull()) await new Promise<void>((resolve) => (hasRoom = resolve))
      }
      const end = (): void => {
        if (isOver) return
        over()
        if (outgoing?.writableNeedDrain) outgoing.destroy()
        else controller.close()
      }
      const failed = (err: unknown): void => {
        log.error({ err, request: c.get('requestId') }, 'a stream failed and was ended')
        end()
      }
      const stream: Open = { client, isWelcome, beat: () => isBeginning || send(heartbeat), end }
      let isBeginning = true
      /** What happens while the first words are said. */
      const held: Parameters<OnEvent>[] = []
      let onEvent: OnEvent = (...happened) => (held.push(happened) > heldMax ? drop() : undefined)
      if (isClosed) return end()
      keep(stream)
      unsubscribe = join((...happened) => {
        try {
          onEvent(...happened)
        } catch (err) {
          failed(err)
        }
      })

      async function beginAndCatchUp(): Promise<void> {
        const tellRest = await onOpen({ send, room })
        await room()
        isBeginning = false
        if (isOver) return
        onEvent = tellRest
        for (const happened of held) onEvent(...happened)
        leave = onAttend()
      }
      beginAndCatchUp().catch(failed)
    }
    return { start, pull: () => hasRoom(), cancel: () => over() }
  }

  return {
    open(c, heartbeat, onOpen, onAttend = () => nothing) {
      // Nobody reads the body of an answer to HEAD, so nobody would ever end it.
      if (c.req.raw.method === 'HEAD') return new Response(null, { headers })
      const strategy = new ByteLengthQueuingStrategy({ highWaterMark: limits.queuedBytesMax })
      return new Response(new ReadableStream(source(c, heartbeat, onOpen, onAttend), strategy), {
        headers,
      })
    },
    close() {
      isClosed = true
      open.forEach((stream) => stream.end())
    },
    recheck,
    count: () => open.size,
  }
}
