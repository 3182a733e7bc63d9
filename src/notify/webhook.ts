// POSTs an alert to the address of --notify-url: to an ntfy topic, in ntfy's headers with the text as the
// body, or as JSON to any webhook. The address is a secret, so nothing here repeats it.
import type { Alert } from './alert.ts'
import type { Sent } from './outbox.ts'

export interface WebhookMessage extends Pick<Alert, 'kind' | 'title' | 'body' | 'instance'> {
  /** Where a tap leads; null for nowhere. */
  readonly click: string | null
}

/** Sends one message. */
export type SendToWebhook = (message: WebhookMessage) => Promise<Sent>

const timeoutMs = 10_000
const jsonPrefix = 'json+'

// ntfy shows these as emoji: a question, a skull, a check mark.
const tags = { needs: 'question', died: 'skull', done: 'white_check_mark' } as const
const priorities = { needs: 4, died: 4, done: 3 } as const

/** Makes the sender for an address as `parseNotifyUrl` of the configuration passes it. */
export function createWebhook(address: string): SendToWebhook {
  const isJson = address.startsWith(jsonPrefix)
  const url = new URL(isJson ? address.slice(jsonPrefix.length) : address)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const authorization =
    secret === ':' ? {} : { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }
  return async (message) => {
    const { headers, body } = isJson ? jsonOf(message) : ntfyOf(message)
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, ...authorization },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    return fateOf(response)
  }
}

function jsonOf({ kind, ...rest }: WebhookMessage) {
  const body = JSON.stringify({ event: kind, ...rest })
  return { headers: { 'content-type': 'application/json' }, body }
}

/** ntfy's documented headers; RFC 2047 carries what a header itself cannot. */
function ntfyOf({ kind, title, body, click }: WebhookMessage) {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    title: /^[ -~]*$/.test(title) ? title : `=?UTF-8?B?${Buffer.from(title).toString('base64')}?=`,
    tags: tags[kind],
    priority: String(priorities[kind]),
    ...(click !== null && { click }),
  }
  return { headers, body }
}

function fateOf({ ok, status, headers }: Response): Sent {
  if (ok) return { outcome: 'sent' }
  const why = `the address answered ${status}`
  if (status === 408 || status === 429 || status >= 500)
    return { outcome: 'later', why, afterMs: (Number(headers.get('retry-after')) || 0) * 1000 }
  return {
    outcome: 'refused',
    why: status < 400 ? `${why}, a redirect: name the address that it leads to` : why,
  }
}
