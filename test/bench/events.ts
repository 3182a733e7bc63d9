// A client of /api/v1/events that takes the time of every message in the callback that brought it.
import { get, type ClientRequest } from 'node:http'
import type { LabEvent } from '../../src/core/events.ts'
import type { Instance } from '../../src/core/instance.ts'

export interface Seen {
  readonly event: LabEvent
  /** In milliseconds of `performance.now()`. */
  readonly at: number
}

export interface Events {
  /** The first message from now on that fits. @throws after `timeoutMs`, naming `what` */
  next(what: string, fits: (event: LabEvent) => boolean, timeoutMs?: number): Promise<Seen>
  /** As `next`, for an instance as it is told of. */
  instance(what: string, fits: (instance: Instance) => boolean, timeoutMs?: number): Promise<Seen>
  /** When the last message came. */
  lastAt(): number
  close(): void
}

/** Opens an HTTP stream and hands on what arrives; resolves with the first piece. */
export function openStream(
  url: string,
  onChunk: (chunk: string, at: number) => void,
  localAddress?: string,
): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      { agent: false, ...(localAddress && { localAddress }) },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`))
        response.setEncoding('utf8')
        response.on('error', () => undefined)
        response.on('data', (chunk: string) => {
          onChunk(chunk, performance.now())
          resolve(request)
        })
      },
    )
    request.on('error', reject)
  })
}

/** Opens the stream and resolves when the snapshot has come. */
export async function openEvents(url: string): Promise<Events> {
  const waiting = new Set<(seen: Seen) => void>()
  let rest = ''
  let lastAt = 0
  const request = await openStream(`${url}/api/v1/events`, (chunk, at) => {
    lastAt = at
    const messages = (rest + chunk).split('\n\n')
    rest = messages.pop() ?? ''
    for (const message of messages) {
      if (!message.startsWith('data: ')) continue
      const event = JSON.parse(message.slice(6)) as LabEvent
      for (const offer of waiting) offer({ event, at })
    }
  })

  const next: Events['next'] = (what, fits, timeoutMs = 20_000) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(offer)
        reject(new Error(`not within ${timeoutMs} ms: ${what}`))
      }, timeoutMs)
      function offer(seen: Seen): void {
        if (!fits(seen.event)) return
        clearTimeout(timer)
        waiting.delete(offer)
        resolve(seen)
      }
      waiting.add(offer)
    })

  return {
    next,
    instance: (what, fits, timeoutMs) =>
      next(what, (event) => event.type === 'instance' && fits(event.instance), timeoutMs),
    lastAt: () => lastAt,
    close: () => request.destroy(),
  }
}
