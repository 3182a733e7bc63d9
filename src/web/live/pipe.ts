// The bytes of one stream: what waits for the reader is bounded, and a reader that stands still is dropped.
import type { ServerResponse } from 'node:http'

export interface Outlet {
  readonly send: (chunk: string) => void
  /** Resolves when the reader has taken so much that there is room for more; at once when there is. */
  readonly room: () => Promise<void>
  /** Whether the reader has taken all that was sent. */
  readonly isDrained: () => boolean
}

export interface Pipe extends Outlet {
  readonly source: Source
  /** From now on a reader that lets too much wait is dropped; before, `room` waits for it. */
  dropSlowReader(): void
  drop(): void
  /** Ends the stream in order, or at once where the reader stands still. */
  readonly end: () => void
  isOver(): boolean
}

type Controller = ReadableStreamDefaultController<Uint8Array>

/** What a ReadableStream reads from. */
export interface Source {
  readonly start: (controller: Controller) => void
  readonly pull: () => void
  readonly cancel: () => void
}

export interface PipeOptions {
  /** Node's own answer, where there is one. */
  readonly outgoing: ServerResponse | undefined
  /** Called when the first bytes can be sent. */
  readonly onStart: () => void
  /** Called when the stream is over, for whatever reason; may be called again. */
  readonly onOver: () => void
  /** Called when the reader fell behind and was dropped. */
  readonly onDrop: () => void
}

const nothing = (): void => {}

/** Makes the bytes of one stream; they begin when `source` is read. */
export function createPipe({ outgoing, onStart, onOver, onDrop }: PipeOptions): Pipe {
  const encoder = new TextEncoder()
  let controller: Controller
  let roomMax = 0
  let isOver = false
  let dropsSlowReader = false
  let hasRoom = nothing

  const isFull = (): boolean => (controller.desiredSize ?? 0) <= 0

  /** Every way to end a stream leads through here. */
  function finish(): void {
    isOver = true
    hasRoom()
    onOver()
  }

  function drop(): void {
    finish()
    onDrop()
    // The socket is stuck: an orderly end would wait behind what the reader does not take.
    if (outgoing) outgoing.destroy()
    else controller.error(new Error('the reader of this stream fell behind'))
  }

  return {
    source: {
      start(made) {
        controller = made
        roomMax = made.desiredSize ?? 0
        onStart()
      },
      pull: () => hasRoom(),
      cancel: finish,
    },
    send(chunk) {
      if (isOver) return
      controller.enqueue(encoder.encode(chunk))
      if (isFull() && dropsSlowReader) drop()
    },
    async room() {
      while (!isOver && isFull()) await new Promise<void>((resolve) => (hasRoom = resolve))
    },
    isDrained: () => (controller.desiredSize ?? 0) >= roomMax,
    dropSlowReader: () => void (dropsSlowReader = true),
    drop,
    end() {
      if (isOver) return
      finish()
      if (outgoing?.writableNeedDrain) outgoing.destroy()
      else controller.close()
    },
    isOver: () => isOver,
  }
}
