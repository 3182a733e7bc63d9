import { afterEach, describe, expect } from 'vitest'
import { createNotify } from '../../../../src/notify/notify.ts'
import { createPush } from '../../../../src/notify/push.ts'
import { mockLog } from '../../../fixtures/log.ts'
import { test } from '../../../fixtures/folder.ts'
import { permissionOf } from '../../../fixtures/question.ts'
import { until } from '../../../fixtures/until.ts'
import { createPushBrowser, memoryFile, openPushServer } from '../../../notify/push-server.ts'
import { createFakeService } from '../../fake-service.ts'
import { createLab, host, type Lab } from '../../lab.ts'

const closers: (() => unknown)[] = []
afterEach(() => closers.splice(0).forEach((close) => close()))

const key = { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) }
const subscription = { endpoint: 'https://push.example.net/x', keys: key, expirationTime: null }
const android =
  'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36'

async function send(lab: Lab, method: string, path: string, body?: unknown, cookie = '') {
  return lab.ask(path, {
    method,
    headers: {
      'user-agent': android,
      origin: `http://${host}`,
      'sec-fetch-site': 'same-origin',
      ...(cookie && { cookie }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

const subscriptions = '/api/v1/push/subscriptions'

describe('/api/v1/push', () => {
  test('gives the public key of a pair that lab made', async () => {
    const { key: given } = (await (await createLab().ask('/api/v1/push/key')).json()) as {
      key: string
    }
    expect(Buffer.from(given, 'base64url')).toHaveLength(65)
  })

  test('adds a browser with a name and the default events, and removes it', async () => {
    const lab = createLab()
    const added = await send(lab, 'POST', subscriptions, subscription)
    expect(added.status).toBe(201)
    expect(await added.json()).toMatchObject({ name: 'Android, Chrome', events: ['needs', 'died'] })
    expect(added.headers.get('set-cookie')).toMatch(
      /^lab_device_[\w-]{8}=[\da-f]{32}; .*HttpOnly; SameSite=Lax$/,
    )
    const tested = await send(lab, 'POST', '/api/v1/push/test')
    expect(tested.status).toBe(200)
    const { endpoint } = subscription
    expect((await send(lab, 'DELETE', subscriptions, { endpoint })).status).toBe(204)
    expect((await send(lab, 'POST', '/api/v1/push/test')).status).toBe(400)
  })

  test.each([
    [{ ...subscription, endpoint: 'http://push.example.net/x' }, 'https'],
    [{ ...subscription, endpoint: 'https://' }, 'https'],
    [{ ...subscription, keys: { ...key, p256dh: 'short' } }, '65 bytes'],
    [{ ...subscription, keys: { ...key, auth: '../../../../../../../..' } }, '16 bytes'],
  ])('refuses the subscription %j', async (bad, reason) => {
    const answer = await send(createLab(), 'POST', subscriptions, bad)
    expect(answer.status).toBe(400)
    expect(JSON.stringify(await answer.json())).toContain(reason)
  })

  test('refuses a page of another site', async () => {
    const answer = await createLab().ask(subscriptions, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' },
      body: JSON.stringify(subscription),
    })
    expect(answer.status).toBe(403)
  })

  test('takes the open stream of a device for lab in front of it', async ({ folder }) => {
    const server = await openPushServer(folder)
    const file = memoryFile()
    const service = createFakeService()
    const push = createPush(file.content().keys, server.agent)
    const preferences = () => ({ needsAfterMs: 0, events: ['needs'] as const })
    const log = mockLog()
    const notify = createNotify({ instances: service, preferences, url: null, file, log, now: Date.now, push }) // prettier-ignore
    const lab = createLab({ notify })
    closers.push(() => notify.close(), () => server.close(), () => lab.app.close()) // prettier-ignore
    const [phone, other] = ['phone', 'other'].map((name) => createPushBrowser(server, name))
    const added = await send(lab, 'POST', subscriptions, phone!.subscription)
    await send(lab, 'POST', subscriptions, other!.subscription)
    const [cookie = ''] = (added.headers.get('set-cookie') ?? '').split(';')
    const stream = await lab.ask('/events', { headers: { cookie } })
    const reader = stream.body!.getReader()
    await reader.read()
    await until(() => lab.service.watchers() === 1, { what: 'the page is open' })

    const ask = async (id: string): Promise<void> => {
      const { id: instance } = await service.start({ project: 'foo', label: id }, 'page')
      service.change(instance, { state: 'waiting', question: permissionOf({ id, detail: id }) })
    }
    await ask('first')
    await until(() => server.pushed.length === 1, { what: 'the other device was told' })
    await reader.cancel()
    await ask('second')
    await until(() => server.pushed.length === 3, { what: 'both devices were told' })
    const toPhone = server.pushed.filter(({ path }) => path === phone!.path)
    expect(toPhone.map((one) => phone!.read(one)['body'])).toEqual(['wants to run second'])
  })
})

describe('/sw.js', () => {
  test('is a script for the whole page that a browser asks for each time', async () => {
    const answer = await createLab().ask('/sw.js')
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'service-worker-allowed': '/',
      'cache-control': 'no-cache',
    })
  })
})
