// One server-sent stream: the snapshot, the events that came while it was sent, every later event, the end.
import { createPipe, type Outlet, type PipeOptions, type Source } from './pipe.ts'
import type { OnEvent } from './pump.ts'

/** Sends the initial snapshot and returns the handler for later events. */
export type OnOpen = (outlet: Outlet) => OnEvent | Promise<OnEvent>

/** Starts work that lasts as long as the stream is open, and returns how to end it. */
export type OnAttend = () => () => void

export interface StreamOptions extends Omit<PipeOptions, 'onStart'> {
  readonly heartbeat: string
  readonly onOpen: OnOpen
  readonly onAttend: OnAttend
  /** Calls the handler for every event from then on, until the returned function is called. */
  readonly join: (onEvent: OnEvent) => () => void
  /** Called with what `onOpen` or its handler threw; the stream then ends. */
  readonly onFailure: (error: unknown) => void
}

export interface Stream {
  readonly source: Source
  readonly beat: () => void
  /** Ends the stream in order, or at once where the reader stands still. */
  readonly end: () => void
}

// More events than happen while a reader takes its snapshot, a thousand cards on a slow line.
const heldMax = 10_000
const nothing = (): void => {}

/** Makes one stream; it begins when `source` is read. */
export function createStream(options: StreamOptions): Stream {
  const { heartbeat, onOpen, onAttend, join, outgoing, onOver, onDrop, onFailure } = options
  let isBeginning = true
  let unsubscribe = nothing
  let leave = nothing
  /** The events that came while the snapshot was sent. */
  const held: Parameters<OnEvent>[] = []
  let onEvent: OnEvent = (...event) => (held.push(event) > heldMax ? pipe.drop() : undefined)

  const pipe = createPipe({
    outgoing,
    onDrop,
    onStart() {
      unsubscribe = join((...event) => {
        try {
          onEvent(...event)
        } catch (error) {
          fail(error)
        }
      })
      begin().catch(fail)
    },
    onOver() {
      unsubscribe()
      leave()
      onOver()
    },
  })

  async function begin(): Promise<void> {
    const onLater = await onOpen(pipe)
    await pipe.room()
    isBeginning = false
    pipe.dropSlowReader()
    onEvent = onLater
    for (const event of held) if (!pipe.isOver()) onEvent(...event)
    if (!pipe.isOver()) leave = onAttend()
  }

  function fail(error: unknown): void {
    onFailure(error)
    pipe.end()
  }

  return {
    source: pipe.source,
    beat: () => void (isBeginning || pipe.send(heartbeat)),
    end: pipe.end,
  }
}
