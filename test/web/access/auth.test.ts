// What is guarded, how each kind of client is told, and when those who were let in have to go.
import { describe, expect, test as plain } from 'vitest'
import * as fc from 'fast-check'
import { localPath, pathOfPage } from '../../../src/web/access/return-path.ts'
import { test } from '../../fixtures/folder.ts'
import { until } from '../../fixtures/until.ts'
import { bootToken, createGuarded, password, type Guarded } from './guarded.ts'
import { host } from '../lab.ts'

const guarded = [
  ['GET', '/'],
  ['HEAD', '/'],
  ['GET', '/events'],
  ['GET', '/metrics'],
  ['GET', '/nothing'],
  ['GET', '/projects/foo/instances'],
  ['POST', '/projects/foo/instances'],
  ['POST', '/instances/some/stop'],
  ['POST', '/instances/some/dismiss'],
  ['POST', '/projects/foo/stop-all'],
  ['POST', '/stop-all'],
  ['GET', '/api/v1/server'],
  ['GET', '/api/v1/projects'],
  ['GET', '/api/v1/instances'],
  ['GET', '/api/v1/instances/some'],
  ['POST', '/api/v1/projects/foo/instances'],
  ['DELETE', '/api/v1/instances'],
  ['DELETE', '/api/v1/instances/some'],
  ['GET', '/api/v1/events'],
  ['GET', '/api/v1/nothing'],
  ['OPTIONS', '/api/v1/projects'],
] as const

const sameSite = { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }

describe('with a guard on', () => {
  test.for(guarded)('%s %s is for those it knows', async ([method, path], { folder }) => {
    const lab = await createGuarded({ folder })
    const response = await lab.send(path, { method, headers: sameSite })
    if (path.startsWith('/api/') || path === '/events') expect(response.status).toBe(401)
    else {
      expect(response.status).toBe(303)
      expect(response.headers.get('location')).toMatch(/^\/login\?next=%2F/)
    }
    expect(lab.service.asked).toEqual([])
    expect(lab.app.streams()).toBe(0)
  })

  test('the small words, the login page and its files are for everybody', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const html = await (await lab.send('/login')).text()
    const files = [...html.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path!)
    expect(files.length).toBeGreaterThan(3)
    for (const path of ['/healthz', '/readyz', ...files])
      expect((await lab.send(path)).status).toBe(200)
    expect(await (await lab.send('/healthz')).text()).toBe('ok\n')
  })

  test('a program is told in JSON, and how', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const response = await lab.send('/api/v1/projects')
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await response.json()).toMatchObject({
      error: { code: 'unauthorized', message: expect.stringContaining('--token-file') as string },
    })
  })

  test('a person is led to the login page, and back to where they were', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const next = async (path: string, init = {}) => {
      const location = (await lab.send(path, init)).headers.get('location')!
      return new URL(location, 'http://lab').searchParams.get('next')
    }
    expect(await next('/?q=foo')).toBe('/?q=foo')
    const referer = `http://${host}/?q=bar`
    const post = { method: 'POST', headers: { ...sameSite, referer } }
    expect(await next('/stop-all', post)).toBe('/?q=bar')
    const foreign = { method: 'POST', headers: { ...sameSite, referer: 'https://evil.example/x' } }
    expect(await next('/stop-all', foreign)).toBe('/')
  })

  test('htmx is made to leave the page, and swaps nothing', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const headers = {
      ...sameSite,
      'hx-request': 'true',
      'hx-current-url': `http://${host}/?q=foo`,
    }
    for (const [method, path] of [
      ['POST', '/stop-all'],
      ['GET', '/events?cards=x'],
    ] as const) {
      const response = await lab.send(path, { method, headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('hx-redirect')).toBe('/login?next=%2F%3Fq%3Dfoo')
      expect(await response.text()).toBe('')
    }
  })

  test('without a password a page says what to do, and htmx loads it', async ({ folder }) => {
    const lab = await createGuarded({ folder, proxies: ['10.0.0.1/32'] })
    const page = await lab.send('/')
    expect(page.status).toBe(401)
    expect(await page.text()).toContain('come through the proxy')
    const headers = { ...sameSite, 'hx-request': 'true' }
    const response = await lab.send('/stop-all', { method: 'POST', headers })
    expect(response.status).toBe(401)
    expect(response.headers.get('hx-refresh')).toBe('true')
  })

  test('the page has the way out only for whom it brought in by a password', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const cookie = await lab.signIn()
    expect(await (await lab.send('/more', { headers: { cookie } })).text()).toContain('/logout')
    const authorization = `Bearer ${bootToken}`
    const byToken = await lab.send('/more', { headers: { authorization } })
    expect(await byToken.text()).not.toContain('/logout')
  })

  test('a cross-site request is refused before anybody asks who sent it', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const cookie = await lab.signIn()
    const headers = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const bodies = [
      ['application/x-www-form-urlencoded', 'label=x'],
      ['application/json', '{}'],
      ['text/plain', '{}'],
    ]
    for (const [type, body] of bodies)
      for (const path of ['/projects/foo/instances', '/api/v1/projects/foo/instances', '/logout']) {
        const sent = { ...headers, 'content-type': type! }
        const response = await lab.send(path, { method: 'POST', headers: sent, body: body! })
        expect(response.status).toBe(403)
      }
    expect(lab.service.asked).toEqual([])
    expect((await lab.send('/', { headers: { cookie } })).status).toBe(200)
  })
})

test('without a guard everybody who reaches loopback is the operator', async ({ folder }) => {
  const lab = await createGuarded({ folder, password: false })
  for (const headers of [{}, { authorization: 'Bearer whatever' }, { 'remote-user': 'ann' }])
    expect((await lab.send('/api/v1/projects', { headers })).status).toBe(200)
})

async function open(lab: Guarded, headers: Record<string, string>, path = '/events') {
  const response = await lab.send(path, { headers })
  expect(response.status).toBe(200)
  const reader = response.body!.getReader()
  await reader.read()
  return {
    ended: async () => {
      for (;;) if ((await reader.read()).done) return true
    },
  }
}

// No heartbeat comes that would look, too.
const quiet = { heartbeatMs: 3600_000 }

describe('a stream', () => {
  const byToken = { authorization: 'Bearer token-of-the-phone' }

  test('ends with its sign-in, and no other does', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const [mine, other] = [await lab.signIn(), await lab.signIn()]
    const streams = [await open(lab, { cookie: mine }), await open(lab, { cookie: other })]
    await open(lab, byToken, '/api/v1/events')
    await lab.post('/logout', {}, { headers: { cookie: mine } })
    expect(await streams[0]!.ended()).toBe(true)
    expect(lab.app.streams()).toBe(2)
    await lab.post('/logout', { everywhere: '1' }, { headers: { cookie: other } })
    expect(await streams[1]!.ended()).toBe(true)
    expect(lab.app.streams()).toBe(1)
  })

  test('ends when the password changes, though nobody asks anything', async ({ folder }) => {
    const lab = await createGuarded({ folder, deps: { streams: quiet } })
    const stream = await open(lab, { cookie: await lab.signIn() })
    await open(lab, byToken)
    lab.rewrite('password', 'another')
    expect(await stream.ended()).toBe(true)
    expect(lab.app.streams()).toBe(1)
    lab.app.close()
  })

  test('ends when its token is taken away, though nobody asks anything', async ({ folder }) => {
    const lab = await createGuarded({ folder, deps: { streams: quiet } })
    const stream = await open(lab, byToken)
    await open(lab, { authorization: `Bearer ${bootToken}` })
    lab.rewrite('tokens', 'another-token')
    expect(await stream.ended()).toBe(true)
    expect(lab.app.streams()).toBe(1)
    lab.app.close()
  })

  test('of a user that a proxy named is asked for again now and then', async ({ folder }) => {
    const lab = await createGuarded({
      folder,
      proxies: ['127.0.0.1/32'],
      deps: { streams: { heartbeatMs: 20 } },
    })
    const stream = await open(lab, { 'remote-user': 'ann' })
    lab.pass(14 * 60_000)
    await until(() => lab.app.streams() === 1, { what: 'it lives on' })
    lab.pass(2 * 60_000)
    expect(await stream.ended()).toBe(true)
  })

  test('ends with the 30 days of its cookie', async ({ folder }) => {
    const lab = await createGuarded({ folder, deps: { streams: { heartbeatMs: 20 } } })
    const stream = await open(lab, { cookie: await lab.signIn() })
    lab.pass(31 * 24 * 3600_000)
    expect(await stream.ended()).toBe(true)
  })
})

describe('where a sign-in leads to', () => {
  const foreign = [
    'https://evil.example/',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\n//evil.example',
    '/%2f/evil.example',
    '/%2F%2Fevil.example',
    '/%5cevil.example',
    '/%09/evil.example',
    '/%252fevil.example',
    '/a//evil.example',
    '/\u0000',
    '/ ',
    '/\u2028',
    '/ｅvil',
    'javascript:alert(1)',
    'data:text/html,x',
    'evil.example',
    '@evil.example',
    '?q=x',
    '',
    `/${'a'.repeat(2000)}`,
  ]
  test.for(foreign)('is not %j', async (next, { folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const response = await lab.post('/login', { password, next })
    expect(response.headers.get('location')).toBe('/')
    const form = await lab.send(`/login?next=${encodeURIComponent(next)}`)
    expect(await form.text()).toContain('name="next" value="/"')
  })

  plain.each(['/', '/?q=foo', '/?q=a%20b&c=d#i-1', '/projects/foo-bar~2/instances'])(
    'may be %s',
    (path) => expect(localPath(path)).toBe(path),
  )

  plain('is always on lab, whatever was asked for', () => {
    const unit = fc.constantFrom('/', '\\', '%', '2', 'f', 'F', '5', 'c', ':', '@', '.', '\t', 'e')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        for (const next of [text, `/${text}`]) {
          const path = localPath(next)
          for (const seen of [path, decodeURIComponentSafely(path)])
            expect(new URL(seen, 'https://lab.example/login').origin).toBe('https://lab.example')
        }
      }),
      { numRuns: 2000 },
    )
  })

  plain('is the page that htmx or a form was on, when that is lab’s', () => {
    expect(pathOfPage('https://lab:1/?q=a', 'lab:1')).toBe('/?q=a')
    for (const page of ['https://lab:2/?q=a', 'https://evil/', 'about:blank', 'x', undefined])
      expect(pathOfPage(page, 'lab:1')).toBe('/')
  })
})

function decodeURIComponentSafely(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

describe('what strangers write', () => {
  test('as a folder’s name is text on the page and in the API, and never a header', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder })
    const path = '/srv/projects/a"><script>alert(1)</script>\r\nset-cookie: a=b\u001b[2J'
    lab.service.addProject('nasty', path)
    const cookie = await lab.signIn()
    const page = await lab.send('/', { headers: { cookie } })
    const projects = await lab.send('/api/v1/projects', { headers: { cookie } })
    const started = await lab.post('/projects/nasty/instances', {}, { headers: { cookie } })
    expect(started.status).toBe(303)
    for (const { headers } of [page, projects, started])
      expect(headers.get('set-cookie')).toBeNull()
    expect(await page.text()).not.toContain('<script>alert')
    expect(JSON.stringify(await projects.json())).toContain(JSON.stringify(path).slice(1, -1))
  })

  test('stays a value in log and headers: labels, users, addresses, tokens', async ({ folder }) => {
    const lab = await createGuarded({ folder, proxies: ['127.0.0.1/32'], tokens: true })
    const nasty = 'x\r\nset-cookie: a=b\n{"level":"error","msg":"forged"}\u001b[2J'
    const user = { 'remote-user': 'ann"}\\' }
    const start = (label: string) =>
      lab.send('/api/v1/projects/foo/instances', {
        method: 'POST',
        headers: { ...user, 'content-type': 'application/json' },
        body: JSON.stringify({ label }),
      })
    const page = `/projects/${encodeURIComponent(nasty)}/instances`
    const answers = [
      await start(nasty),
      await lab.post(page, { label: nasty }, { headers: user }),
      await lab.send(`/${encodeURIComponent(nasty)}`, { headers: user }),
      await lab.send('/', { headers: { ...user, 'x-forwarded-for': '1.2.3.4"}\\' } }),
    ]
    for (const { headers } of answers) {
      expect(headers.get('set-cookie')).toBeNull()
      for (const [, value] of headers) expect(value).not.toMatch(/forged|\r|\n/)
    }
    // One record of the real log is one line: test/log.test.ts.
    for (const { message } of lab.logged) expect(message).not.toContain('forged')
  })
})
