import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNotify, type Notify } from '../../src/notify/notify.ts'
import { createWebhook, type WebhookMessage } from '../../src/notify/webhook.ts'
import { mockLog } from '../fixtures/log.ts'
import { permissionOf } from '../fixtures/question.ts'
import { until } from '../fixtures/until.ts'
import { memoryFile } from './push-server.ts'
import { createFakeService } from '../web/fake-service.ts'

interface Received extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  readonly body: string
}

const received: Received[] = []
/** What the server answers next, and 200 after that. */
let answers: { readonly status: number; readonly headers?: Record<string, string> }[] = []
const server = createServer((request, response) => {
  void text(request).then((body) => {
    const { method, url, headers } = request
    received.push({ method, url, headers, body })
    const { status, headers: more } = answers.shift() ?? { status: 200 }
    response.writeHead(status, more).end('{}')
  })
})
let host = ''
let notify: Notify | null = null

beforeEach(async () => {
  received.length = 0
  answers = []
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  notify?.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const message: WebhookMessage = {
  kind: 'needs',
  instance: 'id',
  title: 'infra · plan – 😀',
  body: 'wants to run echo "Grüße"',
  click: 'https://claude.ai/code/session_1',
}

describe('createWebhook', () => {
  test('publishes to an ntfy topic: the text as body, the rest in its headers', async () => {
    await createWebhook(`http://${host}/topic`)(message)
    const [{ method, url, headers, body } = {} as Received] = received
    expect({ method, url, body }).toEqual({ method: 'POST', url: '/topic', body: message.body })
    expect(headers).toMatchObject({ tags: 'question', priority: '4', click: message.click })
    const [, encoded = ''] = /^=\?UTF-8\?B\?(.+)\?=$/.exec(String(headers['title'])) ?? []
    expect(Buffer.from(encoded, 'base64').toString()).toBe(message.title)
  })

  test('leaves a plain title readable, and the link out where there is none', async () => {
    await createWebhook(`http://${host}/topic`)({ ...message, title: 'api~2', click: null })
    expect(received[0]?.headers['title']).toBe('api~2')
    expect(received[0]?.headers).not.toHaveProperty('click')
  })

  test('sends JSON where the address begins with json+', async () => {
    await createWebhook(`json+http://${host}/hooks/lab?x=1`)(message)
    expect(received[0]?.url).toBe('/hooks/lab?x=1')
    expect(received[0]?.headers['content-type']).toBe('application/json')
    const { kind: event, ...rest } = message
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ event, ...rest })
  })

  test('sends the name and the password of the address as Basic', async () => {
    await createWebhook(`http://:tk_%C3%A4@${host}/topic`)(message)
    const basic = Buffer.from(':tk_ä').toString('base64')
    expect(received[0]?.headers.authorization).toBe(`Basic ${basic}`)
  })

  test.each([
    [200, { outcome: 'sent' }],
    [429, { outcome: 'later', why: 'the address answered 429', afterMs: 7000 }],
    [503, { outcome: 'later', why: 'the address answered 503', afterMs: 7000 }],
    [401, { outcome: 'refused', why: 'the address answered 401' }],
    [301, { outcome: 'refused', why: expect.stringContaining('a redirect') }],
  ])('takes the answer %i as %j', async (status, fate) => {
    answers = [{ status, headers: { 'retry-after': '7', location: '/elsewhere' } }]
    expect(await createWebhook(`http://${host}/topic`)(message)).toEqual(fate)
    expect(received).toHaveLength(1)
  })
})

describe('createNotify', () => {
  function follow(url: string, events: readonly ('needs' | 'died' | 'done')[] = ['needs', 'died']) {
    const service = createFakeService()
    const log = mockLog()
    const preferences = () => ({ needsAfterMs: 0, events })
    notify = createNotify({
      instances: service,
      preferences,
      url,
      file: memoryFile(),
      log,
      now: Date.now,
      retryMs: 10,
    })
    return { service, log }
  }

  test('tells the address once of each event, and again after a failure', async () => {
    const { service, log } = follow(`http://${host}/secret-topic`)
    answers = [{ status: 500 }]
    const { id } = await service.start({ project: 'foo', label: 'fix' }, 'page')
    service.change(id, { state: 'waiting', question: permissionOf() })
    await until(() => received.length === 2, { what: 'the second attempt' })
    service.change(id, { state: 'busy', question: null })
    service.change(id, { state: 'ready' })
    service.die(id)
    await until(() => received.length > 2, { what: 'the death' })
    expect(received.map(({ body }) => body)).toEqual([
      'wants to run terraform apply -auto-approve',
      'wants to run terraform apply -auto-approve',
      'The agent was killed.',
    ])
    expect(log.warn).toHaveBeenCalledTimes(1)
    expect(JSON.stringify(log.warn.mock.calls)).not.toContain('secret-topic')
  })

  test('tells once of agents that end together', async () => {
    const { service } = follow(`http://${host}/topic`)
    const at = new Date().toISOString()
    for (const label of ['a', 'b']) {
      const { id } = await service.start({ project: 'foo', label }, 'page')
      service.die(id, { reason: 'rebooted', at })
    }
    const last = await service.start({ project: 'foo', label: 'c' }, 'page')
    service.die(last.id)
    await until(() => received.some(({ body }) => body.includes('killed')), { what: 'the last' })
    expect(received).toHaveLength(2)
  })
})
