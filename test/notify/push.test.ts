import { readFileSync, statSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { NotifyEvent } from '../../src/core/settings.ts'
import { openNotifyFile, type NotifyFile } from '../../src/notify/notify-file.ts'
import { createNotify, type Notify } from '../../src/notify/notify.ts'
import { createPush } from '../../src/notify/push.ts'
import { mockLog } from '../fixtures/log.ts'
import { test } from '../fixtures/folder.ts'
import { permissionOf } from '../fixtures/question.ts'
import { until } from '../fixtures/until.ts'
import { createFakeService, type FakeService } from '../web/fake-service.ts'
import {
  createPushBrowser,
  memoryFile,
  openPushServer,
  readVapid,
  type PushBrowser,
  type PushServer,
} from './push-server.ts'

const needs: readonly NotifyEvent[] = ['needs', 'died']
const about = { name: 'Android, Chrome', origin: 'https://box.example.net', replaces: null }
const closers: (() => unknown)[] = []
afterEach(() => closers.splice(0).forEach((close) => close()))

interface World {
  readonly server: PushServer
  readonly service: FakeService
  readonly log: ReturnType<typeof mockLog>
  readonly file: NotifyFile
  readonly notify: Notify
  readonly phone: PushBrowser
  /** What the phone was sent, as its service worker gets it. */
  readonly messages: (browser?: PushBrowser) => Record<string, unknown>[]
}

async function open(folder: string, file = memoryFile()): Promise<World> {
  const server = await openPushServer(folder)
  const service = createFakeService()
  const log = mockLog()
  const push = createPush(file.content().keys, server.agent)
  const preferences = () => ({ needsAfterMs: 0, events: needs })
  const deps = { instances: service, preferences, url: null, file, log, now: Date.now }
  const notify = createNotify({ ...deps, push, retryMs: 10 })
  const phone = createPushBrowser(server, 'phone')
  closers.push(() => notify.close(), () => server.close()) // prettier-ignore
  const messages = (browser = phone) =>
    server.pushed.filter(({ path }) => path === browser.path).map((one) => browser.read(one))
  return { server, service, log, file, notify, phone, messages }
}

async function ask(service: FakeService, question = permissionOf()): Promise<string> {
  const { id } = await service.start({ project: 'foo', label: 'fix' }, 'page')
  service.change(id, { state: 'waiting', question })
  return id
}

describe('a device', () => {
  test('gets each event once, encrypted for it alone and signed by lab', async ({ folder }) => {
    const { server, service, notify, phone, messages } = await open(folder)
    const laptop = createPushBrowser(server, 'laptop')
    for (const { subscription } of [phone, laptop]) notify.add(subscription, { ...about, events: needs as never }) // prettier-ignore
    const id = await ask(service, permissionOf({ detail: 'terraform plan' }))
    await until(() => server.pushed.length === 2, { what: 'both devices were told' })
    service.change(id, { memoryBytes: 1 })
    service.die(id)
    await until(() => messages().some(({ body }) => body === 'The agent was killed.'), {
      what: 'the death',
    })
    const url = `/instances/${id}`
    const base = { title: 'foo · fix', tag: id, instance: id, url }
    const [asked, died] = [messages().at(0), messages().at(-1)]
    expect(asked).toMatchObject({
      ...base,
      body: 'wants to run terraform plan',
      question: permissionOf().id,
    })
    expect(died).toMatchObject({ ...base, body: 'The agent was killed.', question: null })
    expect(messages(laptop)[0]).toEqual(asked)
    expect(() => laptop.read(server.pushed.find(({ path }) => path === phone.path)!)).toThrow()

    const { headers } = server.pushed[0]!
    expect(headers).toMatchObject({ ttl: '3600', urgency: 'high', topic: id.replaceAll('-', '') })
    const { key, claims } = readVapid(server.pushed[0]!)
    expect(key).toBe(notify.key)
    expect(claims).toMatchObject({ aud: server.url, sub: about.origin })
  })

  test('gets the withdrawal of what was answered elsewhere', async ({ folder }) => {
    const { service, notify, phone, messages } = await open(folder)
    notify.add(phone.subscription, { ...about, events: ['needs'] })
    const id = await ask(service)
    await until(() => messages().length === 1, { what: 'the question' })
    service.change(id, { state: 'busy', question: null })
    await until(() => messages().length === 2, { what: 'the withdrawal' })
    const [{ key } = {}, withdrawal] = messages()
    expect(withdrawal).toEqual({ withdrawn: true, tag: id, key })
  })

  test('gets nothing while it has lab in front, and the events that it wants', async ({
    folder,
  }) => {
    const { server, service, notify, phone, messages } = await open(folder)
    const other = createPushBrowser(server, 'other')
    const { id: device } = notify.add(phone.subscription, { ...about, events: ['needs'] })
    notify.add(other.subscription, { ...about, events: ['needs', 'died'] })
    const leave = [notify.attend(device), notify.attend(device)]
    leave[0]!()
    const first = await ask(service)
    await until(() => messages(other).length === 1, { what: 'the other was told' })
    leave[1]!()
    service.die(first)
    await until(() => messages(other).some(({ body }) => body === 'The agent was killed.'), {
      what: 'the death',
    })
    await ask(service, permissionOf({ id: 'b', detail: 'ls' }))
    await until(() => messages().length > 0, { what: 'the phone was told' })
    expect(messages().map(({ body }) => body)).toEqual(['wants to run ls'])
  })

  test('is tried again while its push service is away, and is dropped when it is gone', async ({
    folder,
  }) => {
    const { server, service, notify, phone, messages, log, file } = await open(folder)
    const gone = createPushBrowser(server, 'gone')
    server.answers.set(phone.path, [{ status: 503 }, { status: 429 }])
    server.answers.set(gone.path, [{ status: 410 }])
    for (const { subscription } of [phone, gone]) notify.add(subscription, { ...about, events: ['needs'] }) // prettier-ignore
    await ask(service)
    await until(() => messages().length === 3 && notify.list().length === 1, {
      what: 'the third attempt, and the other device is gone',
    })
    expect(file.content().devices.map(({ endpoint }) => endpoint)).toEqual([
      phone.subscription.endpoint,
    ])
    const logged = JSON.stringify([log.warn.mock.calls, log.info.mock.calls])
    expect(logged).toContain('the push service answered 503')
    expect(logged).not.toContain('/push/')
  })

  test('is tested at once, and hears why it was not reached', async ({ folder }) => {
    const { server, notify, phone, messages } = await open(folder)
    const { id } = notify.add(phone.subscription, { ...about, events: [] })
    expect(await notify.test({ device: id })).toEqual({ outcome: 'sent' })
    expect(messages()[0]).toMatchObject({ title: 'lab', url: '/more/phone' })
    server.answers.set(phone.path, [{ status: 403 }])
    expect(await notify.test({ device: id })).toMatchObject({ outcome: 'refused' })
  })

  test('keeps its events when its subscription is a new one', async ({ folder }) => {
    const { server, notify, phone } = await open(folder)
    const old = notify.add(phone.subscription, { ...about, events: ['needs'] })
    notify.setEvents(old.id, ['done'])
    const renewed = createPushBrowser(server, 'renewed').subscription
    const device = notify.add(renewed, { ...about, events: ['needs'], replaces: old.id })
    expect(notify.list()).toEqual([device])
    expect(device.events).toEqual(['done'])
  })

  test('is one of twenty at most', async ({ folder }) => {
    const { server, notify } = await open(folder)
    const add = (name: string) =>
      notify.add(createPushBrowser(server, name).subscription, { ...about, events: [] })
    for (let i = 0; i < 20; i++) add(`${i}`)
    expect(() => add('one more')).toThrow(/20 devices/)
    notify.remove(notify.list()[0]!.id)
    add('one more')
    expect(notify.list()).toHaveLength(20)
  })
})

describe('lab that was restarted', () => {
  test('does not tell again of what it told, and withdraws it', async ({ folder }) => {
    const file = memoryFile()
    const { server, service, notify, phone, messages } = await open(folder, file)
    notify.add(phone.subscription, { ...about, events: ['needs'] })
    const id = await ask(service)
    await until(() => messages().length === 1, { what: 'the question' })
    notify.close()

    const push = createPush(file.content().keys, server.agent)
    const preferences = () => ({ needsAfterMs: 0, events: needs })
    const log = mockLog()
    const again = createNotify({ instances: service, preferences, url: null, file, log, now: Date.now, push }) // prettier-ignore
    closers.push(() => again.close())
    await ask(service, permissionOf({ id: 'later', detail: 'ls' }))
    await until(() => messages().length === 2, { what: 'the later question' })
    expect(messages()[1]).toMatchObject({ body: 'wants to run ls' })
    service.change(id, { state: 'busy', question: null })
    await until(() => messages().length === 3, { what: 'the withdrawal' })
    expect(messages()[2]).toMatchObject({ withdrawn: true, tag: id })
  })
})

describe('openNotifyFile', () => {
  const log = mockLog()
  beforeEach(() => log.error.mockClear())

  test('keeps keys and devices in a file that only lab reads', async ({ folder }) => {
    const file = openNotifyFile(folder, log)
    file.change({ address: 'https://box.example.net' })
    await file.save()
    expect(statSync(join(folder, 'push.json')).mode & 0o777).toBe(0o600)
    expect(openNotifyFile(folder, log).content()).toEqual(file.content())
    expect(log.error).not.toHaveBeenCalled()
  })

  test('puts a file aside that it cannot read', async ({ folder }) => {
    const path = join(folder, 'push.json')
    writeFileSync(path, '{"version":1,"devices":[{}]}')
    const file = openNotifyFile(folder, log)
    expect(file.content().devices).toEqual([])
    expect(readFileSync(`${path}.unreadable`, 'utf8')).toContain('devices')
    expect(existsSync(path)).toBe(false)
    expect(log.error).toHaveBeenCalledTimes(1)
  })
})
