// Sends one message to the push service of a device, encrypted for the device alone (RFC 8291) and signed
// with lab's key (RFC 8292).
import type { Agent } from 'node:https'
import webpush from 'web-push'
import type { Device } from './notify-file.ts'
import type { Sent } from './outbox.ts'

/** What the service worker reads; public/sw.js has the other side. */
export interface PushMessage {
  readonly payload: object
  /** How long the push service keeps it for a device that is away. */
  readonly ttlSeconds: number
  readonly isUrgent: boolean
  /** The push service replaces what it still holds of the same instance. */
  readonly instance: string
}

export type SendPush = (device: Device, message: PushMessage) => Promise<Sent>

const timeoutMs = 10_000

/** Makes the sender; `agent` stands in for the connections, such as of a test with its own authority. */
export function createPush(
  keys: { readonly publicKey: string; readonly privateKey: string },
  agent?: Agent,
): SendPush {
  return async (device, { payload, ttlSeconds, isUrgent, instance }) => {
    const topic = instance.replaceAll('-', '')
    try {
      await webpush.sendNotification(device, JSON.stringify(payload), {
        vapidDetails: { subject: subjectOf(device), ...keys },
        TTL: ttlSeconds,
        urgency: isUrgent ? 'high' : 'normal',
        timeout: timeoutMs,
        ...(/^[\w-]{1,32}$/.test(topic) && { topic }),
        ...(agent && { agent }),
      })
      return { outcome: 'sent' }
    } catch (error) {
      if (error instanceof webpush.WebPushError) return fateOf(error.statusCode, error.headers)
      throw error
    }
  }
}

/** Whom the push service may ask about lab's messages: lab's own address where that is a public one. */
function subjectOf({ origin }: Device): string {
  return origin?.startsWith('https://') && !origin.startsWith('https://localhost')
    ? origin
    : 'mailto:operator@lab.invalid'
}

function fateOf(status: number, headers: Readonly<Record<string, unknown>>): Sent {
  if (status === 404 || status === 410) return { outcome: 'gone' }
  const why = `the push service answered ${status}`
  if (status === 429 || status >= 500)
    return { outcome: 'later', why, afterMs: (Number(headers['retry-after']) || 0) * 1000 }
  return { outcome: 'refused', why }
}
