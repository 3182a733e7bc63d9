import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { LabEvent } from '../../../src/core/events.ts'
import { until } from '../../fixtures/until.ts'
import { createLab, host, listen, type Lab, type Served } from '../lab.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  while (closers.length > 0) await closers.pop()!()
})

async function serve(lab: Lab): Promise<Served> {
  const server = await listen(lab.app)
  closers.push(() => server.close())
  return server
}

async function served(lab: Lab): Promise<string> {
  return (await serve(lab)).url
}

interface Reader {
  readonly response: Response
  /** The next message, without its empty line. */
  next(): Promise<string>
  /** Whether the stream has ended by itself. */
  ended(): Promise<boolean>
  cancel(): Promise<void>
}

/** Opens a stream and reads it message by message. */
async function open(url: string, headers: Record<string, string> = {}): Promise<Reader> {
  const abort = new AbortController()
  const response = await fetch(url, { signal: abort.signal, headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  closers.push(async () => abort.abort())
  return {
    response,
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end >= 0) {
          const message = text.slice(0, end)
          text = text.slice(end + 2)
          return message
        }
        const { done, value } = await reader.read()
        if (done) throw new Error('the stream has ended')
        text += value
      }
    },
    async ended() {
      for (;;) if ((await reader.read()).done) return true
    },
    cancel: async () => abort.abort(),
  }
}

const parsed = (message: string): LabEvent => JSON.parse(message.replace(/^data: /, '')) as LabEvent
const htmlOf = (message: string): string => message.replaceAll(/^data: /gm, '')

describe('the stream of the API', () => {
  test('sends its headers at once and begins with the whole picture', async () => {
    const lab = createLab()
    const instance = await lab.service.start({ project: 'foo' }, 'api')
    const stream = await open(`${await served(lab)}/api/v1/events`)
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
    expect(stream.response.headers.get('cache-control')).toContain('no-store')
    expect(parsed(await stream.next())).toEqual({
      type: 'snapshot',
      instances: [instance],
      cap: { max: 6, used: 1 },
    })
  })

  test('then tells every change that the contract names, in data lines, and nothing else', async () => {
    const lab = createLab()
    const stream = await open(`${await served(lab)}/api/v1/events`)
    await stream.next()
    const { id } = await lab.service.start({ project: 'foo' }, 'api')
    lab.service.setNotices([{ code: 'x', message: 'y' }])
    lab.service.setForeign([])
    lab.service.die(id, { lastLines: ['a\r\nb', '\u2028'] })
    lab.service.dismiss(id, 'api')
    lab.service.addProject('new')
    const events: LabEvent[] = []
    for (let i = 0; i < 6; i++) {
      const message = await stream.next()
      expect(message).toMatch(/^data: [^\n]*$/)
      events.push(parsed(message))
    }
    expect(events.map(({ type }) => type)).toEqual([
      'instance',
      'cap',
      'instance',
      'cap',
      'removed',
      'project',
    ])
    expect(events[2]).toMatchObject({
      instance: { state: 'error', evidence: { lastLines: ['a\r\nb', '\u2028'] } },
    })
    expect(events[4]).toEqual({ type: 'removed', id })
  })

  test('says something when nothing happens', async () => {
    const lab = createLab({ streams: { heartbeatMs: 20 } })
    const stream = await open(`${await served(lab)}/api/v1/events`)
    await stream.next()
    expect(await stream.next()).toBe(':')
    expect(await stream.next()).toBe(':')
  })
})

describe('the stream of the page', () => {
  test('begins with what changes, and brings only the cards that the page lacks', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const url = await served(lab)
    const html = await (await fetch(url)).text()
    const [, path] = /hx-sse:connect="([^"]+)"/.exec(html)!
    const known = await (await open(url + path)).next()
    expect(known).not.toContain(`id="i-${id}"`)
    expect(known).toContain('id="cap"')
    expect(known).toContain('id="needs"')
    expect(known).toContain(`data-ids="${id}" data-keys="bar foo"`)
    expect(known).not.toContain('class="card"')
    for (const stale of ['/events', '/events?known=other'])
      expect(await (await open(url + stale)).next()).toContain('class="card"')
  })

  test('brings the rows that have changed since the page was drawn', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const same = await lab.service.start({ project: 'foo' }, 'page')
    const url = await served(lab)
    const [, path] = /hx-sse:connect="([^"]+)"/.exec(await (await fetch(url)).text())!
    lab.service.change(id, { state: 'busy' })
    const first = await (await open(url + path!.replaceAll('&amp;', '&'))).next()
    expect(first).toContain(`id="i-${id}"`)
    expect(first).not.toContain(`id="i-${same.id}"`)
    // Once more by the id of that message, and by one of another boot.
    const [, lastId] = /^id: (\S+)$/m.exec(first)!
    lab.service.change(same.id, { state: 'busy' })
    const again = await (await open(`${url}/events`, { 'last-event-id': lastId! })).next()
    expect(again).not.toContain(`id="i-${id}"`)
    expect(again).toContain(`id="i-${same.id}"`)
    const restarted = createLab({ instances: lab.service })
    const other = await (
      await open(`${await served(restarted)}/events`, { 'last-event-id': lastId! })
    ).next()
    expect(other).toContain(`id="i-${id}"`)
  })

  test('brings more cards than may wait for a slow reader, in parts, and stays', async () => {
    const projects = Array.from({ length: 300 }, (_, i) => `repository-${i}`)
    const lab = createLab({ projects, streams: { queuedBytesMax: 100_000 } })
    const { id } = await lab.service.start({ project: 'repository-7' }, 'page')
    const stream = await open(`${await served(lab)}/events?known=other`)
    const cards = new Set<string>()
    let message = ''
    do {
      message = await stream.next()
      for (const [, key] of message.matchAll(/class="card" data-project="([^"]+)"/g))
        cards.add(key!)
      expect(message.length).toBeLessThan(100_000)
    } while (!message.includes('data-keys='))
    expect(cards.size).toBe(300)
    lab.service.change(id, { state: 'busy' })
    expect(await stream.next()).toContain('data-state="busy"')
  })

  test('tells of what happens while it begins after its beginning', async () => {
    const projects = Array.from({ length: 300 }, (_, i) => `repository-${i}`)
    const lab = createLab({ projects })
    const { id } = await lab.service.start({ project: 'repository-7' }, 'page')
    const stream = await open(`${await served(lab)}/events?known=other`)
    const first = await stream.next()
    lab.service.change(id, { state: 'busy' })
    const messages = [first]
    while (!messages.at(-1)!.includes('data-keys=')) messages.push(await stream.next())
    const revOf = (text: string): number =>
      Number(new RegExp(`id="i-${id}"[^>]*data-rev="\\w+\\.(\\d+)"`).exec(text)?.[1])
    const before = revOf(messages.at(-1)!)
    const later = await stream.next()
    expect(later).toContain('data-state="busy"')
    expect(revOf(later)).toBeGreaterThan(before)
  })

  test('takes the word of a page that reconnects over that of its address', async () => {
    const lab = createLab()
    const url = await served(lab)
    const first = await (await open(`${url}/events`)).next()
    const [, lastId] = /^id: (\S+)$/m.exec(first)!
    const again = await open(`${url}/events?known=old`, { 'last-event-id': lastId! })
    expect(await again.next()).not.toContain('class="card"')
    lab.service.addProject('new')
    const later = await open(`${url}/events`, { 'last-event-id': lastId! })
    expect(await later.next()).toContain('data-project="new"')
  })

  test('sends a changed row alone', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    await lab.service.start({ project: 'foo' }, 'page')
    const stream = await open(`${await served(lab)}/events`)
    await stream.next()
    lab.service.change(id, { state: 'busy' })
    const first = htmlOf(await stream.next())
    lab.service.change(id, { state: 'ready' })
    const html = htmlOf(await stream.next())
    expect(first).toContain('data-state="busy"')
    expect(html).toMatch(/^<hx-partial hx-target="#list-foo" hx-swap="fresh"><li id="i-/)
    expect(html.match(/hx-target="#list-/g)).toHaveLength(1)
    expect(html.match(/data-instance=/g)).toHaveLength(1)
    // What the row does not show is not sent.
    lab.service.change(id, { memoryBytes: 1e9 })
    lab.service.change(id, { doing: 'Edit a.ts' })
    expect(htmlOf(await stream.next()).match(/<hx-partial/g)).toHaveLength(1)
  })

  test('sends the cards only when they show something else', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const stream = await open(`${await served(lab)}/events`)
    await stream.next()
    const cards: boolean[] = []
    for (const state of ['ready', 'busy', 'waiting', 'waiting', 'ready', 'busy'] as const) {
      lab.service.change(id, { state })
      cards.push((await stream.next()).includes('id="needs"'))
    }
    expect(cards).toEqual([false, false, true, false, true, false])
  })

  test('takes off what ended, by itself or by a dismissal', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const dead = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.die(dead.id)
    lab.service.stop(id, 'page')
    const stream = await open(`${await served(lab)}/events`)
    await stream.next()
    lab.service.swept(id)
    const stopped = new RegExp(
      `hx-target="#list-foo" [^>]*><li id="i-${id}" [^>]*data-state="stopped"`,
    )
    expect(htmlOf(await stream.next())).toMatch(stopped)
    await stream.next()
    lab.service.change(id, { endedAt: new Date(Date.now() - 10_000).toISOString() })
    expect(await stream.next()).toMatch(new RegExp(`<li id="i-${id}" [^>]*data-gone`))
    lab.service.dismiss(dead.id, 'page')
    expect(await stream.next()).toMatch(new RegExp(`<li id="i-${dead.id}" [^>]*data-gone`))
  })

  test('brings a new project once, as a card', async () => {
    const lab = createLab()
    const stream = await open(`${await served(lab)}/events`)
    await stream.next()
    lab.service.addProject('new')
    expect(await stream.next()).toContain('<section id="p-new"')
    lab.service.addProject('new')
    lab.service.setNotices([])
    expect(await stream.next()).toContain('id="notices"')
  })

  test('takes the card of a vanished project off, and of no other', async () => {
    const lab = createLab({ projects: ['foo', 'bar', 'baz'] })
    await lab.service.start({ project: 'baz' }, 'page')
    const stream = await open(`${await served(lab)}/events`)
    await stream.next()
    lab.service.removeProject('bar')
    expect(await stream.next()).toMatch(/<section id="p-bar" [^>]*data-gone="true"><\/section>/)
    // What still runs keeps its card until it ends.
    lab.service.removeProject('baz')
    const id = lab.service.resolve('baz')
    lab.service.change(id, { state: 'busy' })
    expect(await stream.next()).toContain('data-state="busy"')
    lab.service.swept(id)
    expect(await stream.next()).toMatch(/data-state="stopped"[\s\S]*id="cap"/)
    expect(await stream.next()).toContain('id="p-baz"')
  })

  test('takes the last card off, too, and tells the API of nothing that it does not know', async () => {
    const lab = createLab()
    const url = await served(lab)
    const [page, api] = [await open(`${url}/events`), await open(`${url}/api/v1/events`)]
    await page.next()
    await api.next()
    const keys = lab.service.projects().map(({ key }) => key)
    for (const key of keys) lab.service.removeProject(key)
    const marks: string[] = []
    while (marks.length < keys.length)
      marks.push(
        ...[...(await page.next()).matchAll(/id="p-(\w+)" [^>]*data-gone/g)].map(([, key]) => key!),
      )
    expect(marks.toSorted()).toEqual(keys.toSorted())
    lab.service.addProject('new')
    for (;;) {
      const { type, project } = JSON.parse((await api.next()).replace('data: ', ''))
      expect(type).toBe('project')
      if (project.key === 'new') break
    }
  })

  test('brings the pane of its address, and of no other', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const other = await lab.service.start({ project: 'bar' }, 'page')
    const url = await served(lab)
    const html = await (await fetch(`${url}/instances/${id}`)).text()
    const [, path] = /hx-sse:connect="([^"]+)"/.exec(html)!
    const stream = await open(url + path!.replaceAll('&amp;', '&'))
    await stream.next()
    expect(await stream.next()).toContain(`<article id="d-${id}"`)
    lab.service.change(other.id, { state: 'busy' })
    expect(await stream.next()).not.toContain('<article id="d-')
    lab.service.change(id, { state: 'busy' })
    expect(await stream.next()).toContain(`<article id="d-${id}" class="pane" data-state="busy"`)
    lab.service.die(id)
    await stream.next()
    lab.service.dismiss(id, 'page')
    let last = ''
    while (!last.includes('no longer keeps')) last = await stream.next()
    expect(last).toContain(`<article id="d-${id}"`)
  })

  test('brings what ended in a project to the page of the project', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const stream = await open(`${await served(lab)}/events?at=/projects/foo`)
    while (!(await stream.next()).includes('id="d-foo"'));
    lab.service.swept(id)
    expect(await stream.next()).toContain(`data-ended="${id}"`)
  })

  test('offers to bring back what ended together, and takes the offer back', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const stream = await open(`${await served(lab)}/events`)
    await stream.next()
    lab.service.setResumeOffer({ reason: 'stopped', instances: [lab.service.get(id)] })
    lab.service.swept(id)
    expect(await stream.next()).toContain('1 instance')
    await stream.next()
    lab.service.setResumeOffer(null)
    await lab.service.resume(id, 'page')
    expect(await stream.next()).toMatch(/<section id="back" [^>]*hidden/)
  })

  test('has the memory measured as long as somebody looks, and no longer', async () => {
    const lab = createLab()
    const url = await served(lab)
    await (await open(`${url}/api/v1/events`)).next()
    expect(lab.service.watchers()).toBe(0)
    const stream = await open(`${url}/events`)
    await stream.next()
    expect(lab.service.watchers()).toBe(1)
    await stream.cancel()
    await until(() => lab.service.watchers() === 0, { what: 'the watch ends with the stream' })
  })

  test('keeps what an agent printed within its message', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const stream = await open(`${await served(lab)}/events?at=/instances/${id}`)
    while (!(await stream.next()).includes('<article'));
    lab.service.die(id, { lastLines: ['one', '', 'event: x', '\r\r', 'data: y\r\n\r\nid: z'] })
    const message = await stream.next()
    for (const line of message.split(/\r\n|\r|\n/)) expect(line).toMatch(/^data: /)
    expect(htmlOf(message)).toContain('event: x')
    expect(htmlOf(message)).toContain('id: z')
  })

  test('beats with an event, which a page can hear', async () => {
    const lab = createLab({ streams: { heartbeatMs: 20 } })
    const stream = await open(`${await served(lab)}/events`)
    await stream.next()
    expect(await stream.next()).toBe('event: beat\ndata:')
  })

  test('renders an event once for all pages', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const url = await served(lab)
    const streams = await Promise.all([open(`${url}/events`), open(`${url}/events`)])
    for (const stream of streams) await stream.next()
    lab.service.change(id, { state: 'busy' })
    const [one, two] = await Promise.all(streams.map((stream) => stream.next()))
    expect(one).toBe(two)
  })
})

describe('streams', () => {
  test('leave nothing behind when their clients leave', async () => {
    const lab = createLab()
    const url = await served(lab)
    for (let i = 0; i < 20; i++) {
      const stream = await open(`${url}${i % 2 ? '/events' : '/api/v1/events'}`)
      await stream.next()
      await stream.cancel()
    }
    await until(() => lab.app.streams() === 0 && lab.service.listeners() === 0, {
      what: 'every stream is forgotten',
    })
  })

  test('of a HEAD request are none', async () => {
    const lab = createLab()
    const url = await served(lab)
    const response = await fetch(`${url}/events`, { method: 'HEAD' })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(lab.app.streams()).toBe(0)
    expect(lab.service.listeners()).toBe(0)
  })

  test('end when the app is closed, and none begins after that', async () => {
    const lab = createLab()
    const url = await served(lab)
    const streams = [await open(`${url}/events`), await open(`${url}/api/v1/events`)]
    lab.app.close()
    for (const stream of streams) expect(await stream.ended()).toBe(true)
    expect(lab.service.listeners()).toBe(0)
    expect(await (await open(`${url}/events`)).ended()).toBe(true)
    expect(lab.app.streams()).toBe(0)
  })

  test('are bounded for one client and in all', async () => {
    for (const limits of [{ streamsMax: 2 }, { streamsPerClientMax: 2 }]) {
      const lab = createLab({ streams: limits })
      const url = await served(lab)
      const first = await open(`${url}/api/v1/events`)
      await open(`${url}/events`)
      const refused = await fetch(`${url}/api/v1/events`)
      expect(refused.status).toBe(429)
      expect(await refused.json()).toMatchObject({ error: { code: 'too_many_streams' } })
      expect((await fetch(`${url}/events`)).status).toBe(429)
      await first.cancel()
      await until(() => lab.app.streams() === 1, { what: 'the first stream is forgotten' })
      expect((await open(`${url}/api/v1/events`)).response.status).toBe(200)
    }
  })

  test('drop a reader that stands still, and nobody else', async () => {
    const lab = createLab({ streams: { queuedBytesMax: 100_000 } })
    const server = await serve(lab)
    const { url } = server
    const { id } = await lab.service.start({ project: 'foo' }, 'api')
    const healthy = await open(`${url}/api/v1/events`)
    await healthy.next()
    await standStill(url)
    await until(() => lab.app.streams() === 2, { what: 'both streams stand' })
    const long = 'x'.repeat(50_000)
    await until(
      async () => {
        for (let i = 0; i < 20; i++) {
          lab.service.change(id, { waitingFor: long })
          await healthy.next()
        }
        return lab.app.streams() === 1
      },
      { what: 'the reader that stands still is dropped', timeoutMs: 45_000 },
    )
    expect(lab.service.listeners()).toBe(1)
    await until(async () => (await server.connections()) === 1, { what: 'its connection is gone' })
    lab.service.change(id, { waitingFor: 'short' })
    expect(await healthy.next()).toContain('"short"')
  })

  test('that fail are ended and logged, and the service does not notice', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const url = await served(lab)
    const page = await open(`${url}/events`)
    await page.next()
    const list = lab.service.list.bind(lab.service)
    lab.service.list = () => {
      throw new Error('a bug in the service')
    }
    expect(() => lab.service.change(id, { state: 'busy' })).not.toThrow()
    expect(await page.ended()).toBe(true)
    expect(lab.errors).toMatchObject([{ fields: { err: { message: 'a bug in the service' } } }])
    lab.service.list = list
    expect(lab.service.listeners()).toBe(0)
  })
})

/** A client that asks for a stream and never reads. */
async function standStill(url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  closers.push(async () => void socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
}
