// How much one client may take, over real connections: what is over the bound gets its code, is counted,
// and nobody else feels it.
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { afterEach, describe, expect, test } from 'vitest'
import { limitConnections, createCounts, serverLimits } from '../../../src/web/access/limits.ts'
import { until } from '../../fixtures/until.ts'
import { createLab, host } from '../lab.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  while (closers.length > 0) await closers.pop()!()
})

const patient = { what: '', timeoutMs: 45_000 }

async function serve(
  overrides: Parameters<typeof limitConnections>[3] = {},
  times: Partial<typeof serverLimits> = {},
) {
  const counts = createCounts()
  const lab = createLab({ counts })
  const server = createAdaptorServer({
    fetch: lab.app.fetch,
    serverOptions: { ...serverLimits, connectionsCheckingInterval: 50, ...times },
  }) as Server
  limitConnections(server, (address) => address === '127.0.0.9', counts, overrides)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  closers.push(async () => {
    lab.app.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const dial = (from?: string) => dialTo(port, from)
  const isWell = async (): Promise<boolean> => {
    const url = `http://127.0.0.1:${port}`
    const signal = AbortSignal.timeout(patient.timeoutMs)
    return (await fetch(`${url}/api/v1/projects`, { signal })).ok
  }
  return { lab, server, counts, port, dial, isWell }
}

/** Connects, from an address of loopback's own network. */
function dialTo(port: number, from = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
  socket.on('error', () => {})
  closers.push(() => socket.destroy())
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { socket, answer: () => answer, closed }
}

/** A server whose clients are not on loopback: their address is what the test says. */
function bare(overrides: Parameters<typeof limitConnections>[3]) {
  const counts = createCounts()
  const server = createServer((_, response) => response.end('ok'))
  // In front of what is under test, so that it sees the address that the test wants.
  limitConnections(server, () => false, counts, overrides)
  const [bounded] = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    Object.defineProperty(socket, 'remoteAddress', { value: '10.9.9.9' })
    bounded!.call(server, socket)
  })
  return { counts, server }
}

async function listenOn(server: Server) {
  let requests = 0
  server.on('request', () => (requests += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, requests: () => requests }
}

const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n')
const start = 'POST /api/v1/projects/foo/instances'
const json = 'Content-Type: application/json'

describe('lengths', () => {
  test.each([
    ['an address', 'GET', `/?q=${'a'.repeat(5000)}`, [], 414, 'url_too_long'],
    [
      'an address that is nothing else',
      'GET',
      `/${'a'.repeat(40_000)}`,
      [],
      431,
      'headers_too_large',
    ],
    ['a header', 'GET', '/', [`X-Long: ${'a'.repeat(20_000)}`], 431, 'headers_too_large'],
    [
      'many headers',
      'GET',
      '/',
      Array.from({ length: 400 }, (_, i) => `X-${i}: ${'a'.repeat(50)}`),
      431,
      'headers_too_large',
    ],
    [
      'a body',
      'POST',
      '/api/v1/projects/foo/instances',
      [json, 'Content-Length: 70000'],
      413,
      'body_too_large',
    ],
  ] as const)('%s that is too long', async (_, method, path, headers, status, code) => {
    const { dial, counts, isWell, lab } = await serve()
    const { socket, answer } = dial()
    socket.write(head(`${method} ${path}`, ...headers))
    await until(() => answer().includes('\r\n\r\n'), { what: 'an answer' })
    expect(answer()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(counts.all()).toEqual({ [code]: 1 })
    expect(lab.service.asked).toEqual([])
    expect(await isWell()).toBe(true)
  })

  test('what is no HTTP gets a 400 and is counted', async () => {
    const { dial, counts, isWell } = await serve()
    const { socket, answer, closed } = dial()
    socket.write('\u0016\u0003\u0001 this is TLS\r\n\r\n')
    await closed
    expect(answer()).toMatch(/^HTTP\/1.1 400 .*"invalid_request"/s)
    expect(counts.all()).toEqual({ invalid_request: 1 })
    expect(await isWell()).toBe(true)
  })
})

describe('time', () => {
  // Long enough for who is asked in between whether all is well, on a machine that is busy elsewhere.
  const quick = { headersTimeout: 900, requestTimeout: 1400 }

  test.each([
    ['says nothing', ''],
    ['never ends its headers', `GET / HTTP/1.1\r\nHost: ${host}\r\nX-A: b\r\n`],
    ['never ends its body', head(start, json, 'Content-Length: 100') + '{"label":'],
    [
      'never ends a body of unknown length',
      head(start, json, 'Transfer-Encoding: chunked') + '3\r\n{"a\r\n',
    ],
  ])('a client that %s is told and gone', async (_, words) => {
    const { dial, counts, isWell, lab } = await serve({}, quick)
    const { socket, answer, closed } = dial()
    socket.write(words)
    await closed
    expect(answer()).toMatch(/^HTTP\/1.1 408 .*"request_timeout"/s)
    expect(counts.all()['request_timeout']).toBe(1)
    expect(lab.service.asked).toEqual([])
    expect(await isWell()).toBe(true)
  })

  test('a body that comes byte by byte does not buy more time', async () => {
    const { dial, isWell } = await serve({}, quick)
    const { socket, closed, answer } = dial()
    socket.write(head(start, json, 'Content-Length: 60000'))
    const drip = setInterval(() => socket.write(' '), 50)
    closers.push(() => clearInterval(drip))
    await closed
    clearInterval(drip)
    expect(answer()).toMatch(/^HTTP\/1.1 408 /)
    expect(await isWell()).toBe(true)
  })

  test('streams live on though they last longer than any request', async () => {
    const { dial, lab } = await serve({ idleMs: 60_000 }, quick)
    const { socket, answer } = dial()
    socket.write(head('GET /api/v1/events'))
    await until(() => answer().includes('snapshot'), { what: 'the stream stands' })
    const slow = dial()
    slow.socket.write('GET / HTTP/1.1\r\n')
    // By the time that one is gone, the stream is older than both bounds.
    await slow.closed
    const again = dial()
    again.socket.write(head(start, json, 'Content-Length: 100'))
    await again.closed
    await lab.service.start({ project: 'foo' }, 'api')
    await until(() => answer().includes('"type":"instance"'), { what: 'it still speaks' })
  })

  test('a client that asks much and reads nothing is gone after a while', async () => {
    const { dial, server, isWell, lab } = await serve({ idleMs: 1000 })
    lab.service.setNotices([{ code: 'x', message: 'y'.repeat(4_000_000) }])
    const { socket } = dial()
    socket.pause()
    for (let i = 0; i < 20; i++) socket.write(head('GET /'))
    const open = () => new Promise<number>((done) => server.getConnections((_, n) => done(n)))
    await until(async () => (await open()) === 1, { ...patient, what: 'it is connected' })
    await until(async () => (await open()) === 0, { ...patient, what: 'it is dropped' })
    expect(await isWell()).toBe(true)
  })
})

describe('numbers', () => {
  test('a thousand idle streams of one client leave room for all others', async () => {
    const { dial, lab, counts, isWell } = await serve()
    const crowd = Array.from({ length: 1000 }, () => dial('127.0.0.2'))
    for (const { socket } of crowd) socket.write(head('GET /api/v1/events'))
    const count = (text: string) => crowd.filter(({ answer }) => answer().includes(text)).length
    await until(() => count('HTTP/1.1 ') === 1000, { ...patient, what: 'all are answered' })
    expect(count('HTTP/1.1 200 ')).toBe(32)
    expect(count('"too_many_streams"')).toBe(968)
    expect(lab.app.streams()).toBe(32)
    expect(counts.all()['too_many_streams']).toBe(968)
    expect(await isWell()).toBe(true)
    const mine = dial('127.0.0.3')
    mine.socket.write(head('GET /api/v1/events'))
    await until(() => mine.answer().includes('snapshot'), { what: 'another client’s stream' })
  })

  test('no client takes more than its share of connections, and what it sends then is not done', async () => {
    const { counts, server } = bare({ connectionsPerClientMax: 3 })
    const seen = await listenOn(server)
    const own = Array.from({ length: 5 }, () => dialTo(seen.port))
    for (const { socket } of own) socket.write(head('GET /'))
    await until(() => own.every(({ answer }) => answer() !== ''), { what: 'all are answered' })
    expect(own.filter(({ answer }) => answer().includes(' 200 '))).toHaveLength(3)
    const refused = own.filter(({ answer }) => answer().includes('"too_many_connections"'))
    expect(refused).toHaveLength(2)
    expect(seen.requests()).toBe(3)
    expect(counts.all()).toEqual({ too_many_connections: 2 })
    // Who goes makes room; others never felt it.
    own.forEach(({ socket }) => socket.destroy())
    await until(
      async () => {
        const again = dialTo(seen.port)
        again.socket.write(head('GET /'))
        await until(() => again.answer() !== '', { what: 'an answer' })
        return again.answer().includes(' 200 ')
      },
      { what: 'there is room again' },
    )
  })

  test('a trusted proxy and loopback, which bring many, are bound by the sum only', async () => {
    const { dial, counts, isWell } = await serve({ connectionsPerClientMax: 1, connectionsMax: 6 })
    const many = [...Array.from({ length: 3 }, () => dial('127.0.0.9')), dial(), dial()]
    for (const { socket } of many) socket.write(head('GET /healthz'))
    await until(() => many.every(({ answer }) => answer().includes(' 200 ')), {
      what: 'all are served',
    })
    expect(await isWell()).toBe(true)
    const tooMany = Array.from({ length: 3 }, () => dial())
    await until(() => tooMany.some(({ answer }) => answer().includes(' 429 ')), {
      what: 'a refusal',
    })
    expect(counts.all()['too_many_connections']).toBeGreaterThan(0)
  })

  test('a connection that says nothing gives way to one that asks, also on loopback', async () => {
    const { dial, counts, isWell } = await serve({ connectionsMax: 4 })
    const mute = Array.from({ length: 4 }, () => dial())
    mute[3]!.socket.write('GET / HTTP/1.1\r\nHost: ')
    await until(
      async () => {
        const asking = dial()
        asking.socket.write(head('GET /healthz'))
        await until(() => asking.answer() !== '', { ...patient, what: 'an answer' })
        return asking.answer().includes(' 200 ')
      },
      { ...patient, what: 'one of them gives way' },
    )
    expect(await isWell()).toBe(true)
    expect(counts.all()['silent_connection']).toBeGreaterThan(0)
  })
})
