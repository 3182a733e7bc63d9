// lab's stream of events as commands follow it, also across a restart of lab.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabEvent } from '../core/events.ts'
import type { Cap, Instance } from '../core/instance.ts'
import { openResponse, unanswered } from './api.ts'
import { Failure } from './command.ts'
import type { Server } from './server.ts'

/** The first message of every connection: the live instances and the undismissed errors. */
export interface Snapshot {
  readonly type: 'snapshot'
  readonly instances: readonly Instance[]
  readonly cap: Cap
}

export type Message = Snapshot | LabEvent

// lab sends a comment every 15 s.
const silentMsMax = 40_000
// A snapshot of a thousand instances takes some two megabytes.
const messageCharsMax = 32 * 1024 * 1024

/** Calls `onMessage` for every message of one connection, and resolves at its end. @throws Failure */
async function follow(
  server: Server,
  onMessage: (message: Message) => void,
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), silentMsMax)
  const both = AbortSignal.any([signal, silence.signal])
  try {
    const response = await openResponse(server, { method: 'GET', path: 'events', signal: both })
    if (response.statusCode !== 200)
      throw new Failure(`${server.url.origin} answered ${response.statusCode} instead of events.`)
    let rest = ''
    for await (const chunk of response.setEncoding('utf8')) {
      timer.refresh()
      const messages = (rest + String(chunk)).split('\n\n')
      rest = messages.pop() ?? ''
      if (rest.length > messageCharsMax) throw new Failure('lab sent a message without an end.')
      for (const message of messages)
        if (message.startsWith('data: ')) onMessage(JSON.parse(message.slice(6)) as Message)
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw unanswered(server, error)
  } finally {
    clearTimeout(timer)
  }
}

const retryMs = 1000

/**
 * Calls `onMessage` for every message until `signal` aborts, and connects again after a connection ends; each
 * begins with a snapshot. `onLost` hears why there is none now, and may throw to give up.
 */
export async function followEvents(
  find: () => Server,
  {
    onMessage,
    onLost,
    signal,
  }: {
    readonly onMessage: (message: Message) => void
    readonly onLost: (failure: Failure) => void
    readonly signal: AbortSignal
  },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await follow(find(), onMessage, signal)
      if (!signal.aborted) onLost(new Failure('lab has ended the stream of events.'))
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Failure)) throw error
      onLost(error)
    }
    await sleep(retryMs, undefined, { signal }).catch(() => undefined)
  }
}
