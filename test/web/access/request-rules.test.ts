import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createLab, host, listen, type Lab } from '../lab.ts'

const json = { 'content-type': 'application/json' }

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code
}

describe('the Host rule', () => {
  test.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1:9',
    '127.8.8.8',
    '[::1]:8080',
  ])(
    'answers under the loopback name %s, whatever its port: an SSH tunnel has its own',
    async (name) => {
      const { ask } = createLab()
      expect((await ask('/healthz', { headers: { host: name } })).status).toBe(200)
    },
  )

  test.each([
    '/',
    '/healthz',
    '/readyz',
    '/events',
    '/api/v1/events',
    '/api/v1/projects',
    '/icon.svg',
  ])('refuses a foreign name on %s and names the flag', async (path) => {
    // DNS rebinding: evil.example resolves to 127.0.0.1, and its page asks "its own" host.
    const { ask, app } = createLab()
    const response = await ask(path, { headers: { host: 'evil.example:8080' } })
    expect(response.status).toBe(421)
    expect(await response.text()).toContain('--allowed-host evil.example')
    expect(app.streams()).toBe(0)
  })

  test.each([
    '',
    'user@localhost',
    'localhost/',
    'localhost:8080:1',
    'a b',
    '0.0.0.0',
    'x.localhost',
  ])('refuses "%s"', async (name) => {
    const { ask } = createLab()
    expect((await ask('/api/v1/projects', { headers: { host: name } })).status).toBe(421)
  })

  test('answers under the bind address and under every allowed host', async () => {
    const { ask } = createLab({
      requestRules: { boundHost: '10.1.2.3', allowedHosts: ['box.ts.net'] },
    })
    for (const name of ['10.1.2.3:8080', 'box.ts.net', 'Box.TS.net:443'])
      expect((await ask('/healthz', { headers: { host: name } })).status).toBe(200)
    expect((await ask('/healthz', { headers: { host: 'other.ts.net' } })).status).toBe(421)
  })
})

describe('behind a proxy that no guard knows', () => {
  test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-anything'])(
    'a request with %s is refused with the remedy',
    async (name) => {
      const { ask } = createLab()
      const response = await ask('/api/v1/projects', { headers: { [name]: 'for=1.2.3.4' } })
      expect(response.status).toBe(403)
      const { error } = (await response.json()) as { error: { code: string; message: string } }
      expect(error.code).toBe('unguarded_proxy')
      expect(error.message).toContain('ssh -L')
    },
  )
})

describe('the cross-site rule', () => {
  const start = '/api/v1/projects/foo/instances'
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test.each([
    // <form method=post action=http://127.0.0.1:8080/stop-all> on another site.
    [
      'a form of another site',
      '/stop-all',
      { ...form, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    ],
    // fetch('http://127.0.0.1:8080/api/v1/instances', {method: 'DELETE', mode: 'no-cors'})
    ['a script of another site', '/api/v1/instances', { 'sec-fetch-site': 'cross-site' }],
    // Another program's page on the same machine: same site, another port.
    [
      'a page on another local port',
      start,
      { ...json, origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' },
    ],
    ['an old browser that only sends Origin', start, { ...json, origin: 'http://evil.example' }],
    ['a sandboxed frame', start, { ...json, origin: 'null' }],
    [
      'an extension that calls itself like lab',
      start,
      { ...json, origin: 'chrome-extension://127.0.0.1:8080' },
    ],
    ['text that a browser may send unasked', start, { 'content-type': 'text/plain' }],
    ['a form without any sign of a browser', '/stop-all', form],
    ['a bare post to a form', '/projects/foo/instances', {}],
  ])('refuses %s', async (_, path, headers) => {
    const { ask, service } = createLab()
    await service.start({ project: 'foo' }, 'api')
    const method = path === '/api/v1/instances' ? 'DELETE' : 'POST'
    const body = method === 'POST' && 'content-type' in headers ? '{}' : null
    const response = await ask(path, { method, headers, body })
    expect(response.status).toBe(403)
    expect(service.asked).toEqual(['start foo "" by api'])
  })

  test.each([
    ['curl with JSON', json, '{}'],
    ['curl with JSON and a charset', { 'content-type': 'application/json; charset=utf-8' }, '{}'],
    ['curl without a body', {}, null],
    [
      'a script of lab’s own page',
      { ...json, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
      '{}',
    ],
    ['an address typed by hand', { ...json, 'sec-fetch-site': 'none' }, '{}'],
  ])('lets in %s', async (_, headers, body) => {
    const { ask } = createLab()
    expect((await ask(start, { method: 'POST', headers, body })).status).toBe(201)
  })

  test('compares Origin and Host with their ports', async () => {
    const { ask } = createLab()
    const headers = { ...json, host: 'localhost:80', origin: 'http://localhost' }
    expect((await ask(start, { method: 'POST', headers, body: '{}' })).status).toBe(201)
    const other = { ...json, host: 'localhost:8080', origin: 'http://localhost' }
    expect(await codeOf(await ask(start, { method: 'POST', headers: other, body: '{}' }))).toBe(
      'cross_site',
    )
  })

  const image = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
  const frame = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
  const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  test.each([
    // <img src="http://localhost:8080/events"> thirty-two times, and the operator's own page gets none.
    ['an image of a stream', '/events', { 'sec-fetch-site': 'cross-site', ...image }],
    [
      'an image of the API’s stream',
      '/api/v1/events',
      { 'sec-fetch-site': 'cross-site', ...image },
    ],
    ['one of a page on another port', '/events', { 'sec-fetch-site': 'same-site', ...image }],
    ['a window that leads to a stream', '/events', { 'sec-fetch-site': 'cross-site', ...link }],
    ['a frame with the page', '/', { 'sec-fetch-site': 'cross-site', ...frame }],
    ['an image of the page', '/', { 'sec-fetch-site': 'cross-site', ...image }],
    ['a script that reads a list', '/api/v1/projects', { origin: 'https://evil.example' }],
  ])('refuses %s to another site', async (_, path, headers) => {
    const { ask, app, service } = createLab()
    const response = await ask(path, { headers })
    expect(response.status).toBe(403)
    expect([app.streams(), service.listeners(), service.watchers()]).toEqual([0, 0, 0])
  })

  test.each([
    [
      'the page’s own stream',
      '/events',
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
    ],
    ['an address typed by hand', '/api/v1/events', { 'sec-fetch-site': 'none', ...link }],
    ['a program', '/api/v1/events', {}],
    ['a link from anywhere', '/', { 'sec-fetch-site': 'cross-site', ...link }],
    ['who only asks whether lab is up', '/healthz', { 'sec-fetch-site': 'cross-site', ...image }],
  ])('reads are open to %s', async (_, path, headers) => {
    const { ask, app } = createLab()
    expect((await ask(path, { headers })).status).toBe(200)
    app.close()
  })

  test('lets a link from another site open the page', async () => {
    const { ask } = createLab()
    expect((await ask('/', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200)
  })
})

describe('every answer', () => {
  test.each(['/', '/nothing', '/api/v1/projects', '/api/v1/nothing', '/healthz', '/events'])(
    '%s carries the strict policy, an id, and is not stored',
    async (path) => {
      const { ask, app } = createLab()
      const { headers, body } = await ask(path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(headers.get('x-request-id')).toMatch(/^[\da-f]{12}$/)
      expect(headers.get('cache-control')).toContain('no-store')
      await body?.cancel()
      expect(app.streams()).toBe(0)
    },
  )

  test('of a bug is a 500 with the request id, without the bug’s own words', async () => {
    const { ask, service, errors } = createLab()
    service.failNext(new TypeError('secret detail'))
    const response = await ask('/api/v1/projects/foo/instances', { method: 'POST' })
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(text).toContain(response.headers.get('x-request-id'))
    expect(text).not.toContain('secret')
    expect(errors).toMatchObject([{ fields: { err: { message: 'secret detail' } } }])
  })
})

describe('over a real connection', () => {
  let server: Awaited<ReturnType<typeof listen>> | null = null
  afterEach(async () => {
    await server?.close()
    server = null
  })

  /** Sends bytes as they are, which no HTTP client does. */
  async function sendRaw(lab: Lab, head: string, body = ''): Promise<string> {
    server = await listen(lab.app)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`${head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`)
    socket.write(body === '' ? '\r\n' : body)
    let answer = ''
    try {
      for await (const chunk of socket.setEncoding('utf8')) answer += String(chunk)
    } catch (error) {
      // Who is refused while still sending may be cut off then; the answer came before.
      if (answer === '') throw error
    }
    return answer
  }

  test.each([
    ['DELETE /api/v1/projects/%2e%2e/instances', 400],
    ['DELETE /api/v1/projects/../instances', 400],
    ['DELETE /api/v1/projects/.%2E/instances', 400],
    ['DELETE /api/v1/instances/.', 400],
    ['DELETE /api/v1/projects/..%2finstances/instances', 404],
    ['DELETE /api/v1/instances/', 404],
    ['GET /assets/../../../etc/passwd', 400],
    ['GET /assets/..%2f..%2fetc%2fpasswd', 404],
    ['GET /api/v1/instances/%E0%A4%A', 400],
    ['GET /api/v1/instances/%', 400],
    ['GET /api/v1/instances/%00', 404],
    ['GET //evil.example/', 404],
    ['GET /api\\v1\\projects', 400],
  ])('%s answers %i and changes nothing', async (head, status) => {
    const lab = createLab()
    await lab.service.start({ project: 'foo' }, 'api')
    const answer = await sendRaw(lab, head)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).not.toContain('root:')
    expect(lab.service.asked).toEqual(['start foo "" by api'])
  })

  test.each([
    ['announced', 'Content-Length: 70000\r\nContent-Type: application/json\r\n\r\n'],
    [
      'not announced',
      `Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n11170\r\n${'x'.repeat(70_000)}\r\n0\r\n\r\n`,
    ],
  ])('a body that is too large, %s, is refused', async (_, rest) => {
    const answer = await sendRaw(createLab(), 'POST /api/v1/projects/foo/instances', rest)
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toContain('body_too_large')
  })
})
