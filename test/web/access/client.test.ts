// A proxy in front: whose word counts, about whom, and what everybody else's is worth.
import { describe, expect, test as plain } from 'vitest'
import { plainAddress, trustOf } from '../../../src/web/access/client.ts'
import { test } from '../../fixtures/folder.ts'
import { codeOf, createGuarded, password, type Request } from './guarded.ts'

const proxy = '10.0.0.1'
const own = 'lab.example.net'
const requestRules = { boundHost: '127.0.0.1', allowedHosts: [own] }
const start = '/api/v1/projects/foo/instances'

const signedOn = (more: Record<string, string> = {}, from = proxy): Request => ({
  from,
  headers: { 'remote-user': 'ann', 'x-forwarded-for': '198.51.100.1', ...more },
})

describe('the user that a proxy names', () => {
  test('is let in from its address, page and API, and is the actor', async ({ folder }) => {
    const lab = await createGuarded({ folder, proxies: ['10.0.0.0/28', 'fd00::1/128'] })
    for (const from of ['10.0.0.1', '10.0.0.15', '::ffff:10.0.0.2', 'fd00::1'])
      for (const path of ['/', '/api/v1/projects'])
        expect((await lab.send(path, signedOn({}, from))).status).toBe(200)
    await lab.send(start, { method: 'POST', ...signedOn({ 'lab-actor': 'cli' }) })
    await lab.post('/projects/foo/instances', {}, signedOn())
    expect(lab.service.asked).toEqual(['start foo "" by user:ann', 'start foo "" by user:ann'])
    expect(lab.logged).toContainEqual({
      fields: expect.objectContaining({ method: 'POST', by: 'user:ann' }) as object,
      message: 'request',
    })
  })

  test.for(['10.0.0.16', '127.0.0.1', '::1', 'fd00::2', '198.51.100.1', 'unknown'])(
    'is ignored from %s',
    async (from, { folder }) => {
      const lab = await createGuarded({ folder, proxies: ['10.0.0.0/28', 'fd00::1/128'] })
      const response = await lab.send('/api/v1/projects', {
        from,
        headers: { 'remote-user': 'ann' },
      })
      expect(response.status).toBe(401)
      expect((await lab.send('/', { from, headers: { 'remote-user': 'ann' } })).status).toBe(401)
    },
  )

  test('is nobody where the proxy names none', async ({ folder }) => {
    const lab = await createGuarded({ folder, proxies: [proxy].map((one) => `${one}/32`) })
    for (const user of [undefined, ''])
      expect(
        (
          await lab.send('/api/v1/projects', {
            from: proxy,
            headers: user === undefined ? {} : { 'remote-user': user },
          })
        ).status,
      ).toBe(401)
  })

  test('comes in the header that the operator names, and no other', async ({ folder }) => {
    const lab = await createGuarded({
      folder,
      proxies: [`${proxy}/32`],
      userHeader: 'X-Forwarded-User',
    })
    const ask = (headers: Record<string, string>) =>
      lab.send('/api/v1/projects', { from: proxy, headers })
    expect((await ask({ 'x-forwarded-user': 'ann' })).status).toBe(200)
    expect((await ask({ 'remote-user': 'ann' })).status).toBe(401)
  })

  test('is nobody, whatever header comes, where the proxy is said to name none', async ({
    folder,
  }) => {
    const networks = [`${proxy}/32`]
    const lab = await createGuarded({ folder, proxies: networks, userHeader: null, password: true })
    for (const name of ['remote-user', 'none', 'null', 'x-forwarded-user'])
      expect(
        (await lab.send('/api/v1/projects', { from: proxy, headers: { [name]: 'ann' } })).status,
      ).toBe(401)
  })

  test.for([
    ['two users', 'ann, root'],
    ['blanks', 'ann smith'],
    ['a line', 'ann\tforged'],
    ['an escape sequence', Buffer.from('ann\u009b31m').toString('latin1')],
    ['broken bytes', 'ann\u009b'],
    ['more than a name', 'a'.repeat(101)],
  ])(
    'with %s in it is refused, for it goes into the journal',
    async ([, user = ''], { folder }) => {
      const lab = await createGuarded({ folder, proxies: [`${proxy}/32`] })
      const response = await lab.send('/api/v1/projects', signedOn({ 'remote-user': user }))
      expect(response.status).toBe(400)
    },
  )

  test('may be written in UTF-8, as proxies do', async ({ folder }) => {
    const lab = await createGuarded({ folder, proxies: [`${proxy}/32`] })
    const user = Buffer.from('josé@example').toString('latin1')
    await lab.send(start, { method: 'POST', ...signedOn({ 'remote-user': user }) })
    expect(lab.service.asked).toEqual(['start foo "" by user:josé@example'])
  })

  test('is one more way in: password and tokens go on working behind the same proxy', async ({
    folder,
  }) => {
    const lab = await createGuarded({
      folder,
      password: true,
      tokens: true,
      proxies: [`${proxy}/32`],
    })
    const headers = { 'x-forwarded-for': '198.51.100.1' }
    const response = await lab.post('/login', { password }, { from: proxy, headers })
    expect(response.status).toBe(303)
    const authorization = 'Bearer token-of-the-phone'
    const byToken = { from: proxy, headers: { ...headers, authorization } }
    expect((await lab.send('/api/v1/projects', byToken)).status).toBe(200)
  })
})

test('a tailnet’s serve brings its user in, by TLS', async ({ folder }) => {
  const name = 'box.your-tailnet.ts.net'
  const lab = await createGuarded({
    folder,
    proxies: ['127.0.0.1/32'],
    userHeader: 'Tailscale-User-Login',
    deps: { requestRules: { boundHost: '127.0.0.1', allowedHosts: [name] } },
  })
  // What it sends with every request; it takes away such headers that a client made up.
  const headers = {
    host: name,
    'x-forwarded-for': '100.101.102.103',
    'x-forwarded-host': name,
    'x-forwarded-proto': 'https',
    'tailscale-user-login': 'ann@example.com',
    'tailscale-user-name': 'Ann Smith',
    'tailscale-user-profile-pic': 'https://pictures.example.com/ann',
    origin: `https://${name}`,
  }
  expect((await lab.send('/', { headers })).status).toBe(200)
  expect((await lab.post('/projects/foo/instances', {}, { headers })).status).toBe(303)
  expect(lab.service.asked).toEqual(['start foo "" by user:ann@example.com'])
})

describe('a proxy that lab does not trust', () => {
  const signs = [
    ['forwarded', 'for=198.51.100.1;host=lab.example.net;proto=https'],
    ['x-forwarded-for', '198.51.100.1'],
    ['x-forwarded-host', own],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-user', 'ann'],
    ['x-real-ip', '198.51.100.1'],
  ] as const

  test.for(signs)('is refused by its %s, without a guard', async ([name, value], { folder }) => {
    const lab = await createGuarded({ folder, password: false })
    const response = await lab.send('/api/v1/projects', { headers: { [name]: value } })
    expect(response.status).toBe(403)
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    expect(error.code).toBe('unguarded_proxy')
    expect(error.message).toContain('--trusted-proxy 127.0.0.1')
    expect(error.message).toContain('ssh -L')
  })

  test.for(signs)(
    'is refused by its %s with every guard on, whatever it knows',
    async ([name, value], { folder }) => {
      const lab = await createGuarded({
        folder,
        password: true,
        tokens: true,
        proxies: [`${proxy}/32`],
      })
      const headers = {
        [name]: value,
        authorization: 'Bearer token-of-the-phone',
        cookie: await lab.signIn(),
        'remote-user': 'ann',
      }
      for (const path of ['/', '/api/v1/projects', '/login', '/healthz', '/events'])
        expect((await lab.send(path, { from: '10.0.0.2', headers })).status).toBe(403)
    },
  )

  test('cannot say that it was asked by TLS, or under another name', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true, proxies: [`${proxy}/32`] })
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': own }
    const response = await lab.post('/login', { password }, { from: '10.0.0.2', headers })
    expect(response.status).toBe(403)
    expect(response.headers.get('set-cookie')).toBeNull()
  })
})

describe('Host and Origin behind a trusted proxy', () => {
  const cases: readonly [string, Record<string, string>][] = [
    ['passes on Host', { host: own, 'x-forwarded-proto': 'https', origin: `https://${own}` }],
    [
      'passes on Host with a port of its own',
      { host: `${own}:8443`, 'x-forwarded-proto': 'https', origin: `https://${own}:8443` },
    ],
    [
      'puts it into X-Forwarded-Host',
      {
        host: '127.0.0.1:8080',
        'x-forwarded-host': own,
        'x-forwarded-proto': 'https',
        origin: `https://${own}`,
      },
    ],
    [
      'tells the port apart',
      {
        host: '127.0.0.1:8080',
        'x-forwarded-host': own,
        'x-forwarded-port': '8443',
        'x-forwarded-proto': 'https',
        origin: `https://${own}:8443`,
      },
    ],
    [
      'tells the usual port',
      {
        host: own,
        'x-forwarded-port': '443',
        'x-forwarded-proto': 'https',
        origin: `https://${own}`,
      },
    ],
    ['does not end TLS', { host: own, 'x-forwarded-proto': 'http', origin: `http://${own}` }],
    ['says nothing of TLS', { host: own, origin: `https://${own}` }],
  ]
  test.for(cases)('work where it %s', async ([, headers], { folder }) => {
    const lab = await createGuarded({ folder, proxies: [`${proxy}/32`], deps: { requestRules } })
    const request = { method: 'POST', ...signedOn({ ...headers, 'sec-fetch-site': 'same-origin' }) }
    expect((await lab.send(start, request)).status).toBe(201)
  })

  const refused: readonly [string, Record<string, string>][] = [
    ['another site', { host: own, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['an old browser on another site', { host: own, origin: 'https://evil.example' }],
    [
      'the same name without TLS',
      { host: own, 'x-forwarded-proto': 'https', origin: `http://${own}` },
    ],
    ['the same name on another port', { host: own, origin: `https://${own}:8443` }],
  ]
  test.for(refused)('refuse %s', async ([, headers], { folder }) => {
    const lab = await createGuarded({ folder, proxies: [`${proxy}/32`], deps: { requestRules } })
    const response = await lab.send(start, { method: 'POST', ...signedOn(headers) })
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('cross_site')
    expect(lab.service.asked).toEqual([])
  })

  test('say which headers are missing where the proxy drops the port', async ({ folder }) => {
    const lab = await createGuarded({ folder, proxies: [`${proxy}/32`], deps: { requestRules } })
    const headers = { host: own, origin: `https://${own}:8443`, 'sec-fetch-site': 'same-origin' }
    const response = await lab.send(start, { method: 'POST', ...signedOn(headers) })
    expect(await response.text()).toContain('pass on Host with its port')
  })

  test.for([
    // evil.example resolves to 127.0.0.1; its page may put any header on requests to "itself".
    ['a rebound name', { host: 'evil.example:8080', 'x-forwarded-host': own }],
    [
      'a name that the proxy should not answer to',
      { host: own, 'x-forwarded-host': 'evil.example' },
    ],
    ['a list of names', { host: own, 'x-forwarded-host': `${own}, evil.example` }],
  ] as const)(
    'refuse %s, though a proxy on the same machine is trusted',
    async ([, headers], { folder }) => {
      const lab = await createGuarded({ folder, proxies: ['127.0.0.1/32'], deps: { requestRules } })
      for (const path of [
        '/',
        '/events',
        '/api/v1/events',
        '/api/v1/projects',
        '/healthz',
        '/metrics',
      ]) {
        const response = await lab.send(path, signedOn(headers, '127.0.0.1'))
        expect(response.status).toBe(421)
        expect(await response.text()).toContain('--allowed-host evil.example')
      }
      expect(lab.app.streams()).toBe(0)
    },
  )

  test('a path of its own is refused in words', async ({ folder }) => {
    const lab = await createGuarded({ folder, proxies: [`${proxy}/32`] })
    const response = await lab.send('/api/v1/projects', signedOn({ 'x-forwarded-prefix': '/lab' }))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('its own host name or port')
    expect(await (await lab.send('/lab/', signedOn())).text()).toContain('below a path')
  })
})

describe('bound to every address', () => {
  test('lab answers under the one that was asked, and no other', async ({ folder }) => {
    const open = { boundHost: '0.0.0.0', allowedHosts: [] }
    const lab = await createGuarded({ folder, deps: { requestRules: open } })
    const ask = (to: string, name: string) => lab.send('/healthz', { to, headers: { host: name } })
    expect((await ask('10.3.0.1', '10.3.0.1:8080')).status).toBe(200)
    expect((await ask('::ffff:10.3.0.1', '10.3.0.1')).status).toBe(200)
    expect((await ask('fd00::5', '[fd00::5]:8080')).status).toBe(200)
    expect((await ask('10.3.0.1', '10.3.0.2')).status).toBe(421)
    expect((await ask('10.3.0.1', 'evil.example')).status).toBe(421)
  })
})

describe('addresses', () => {
  plain.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:10.0.0.1', '10.0.0.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['10.0.0.1', '10.0.0.1'],
    [undefined, 'unknown'],
  ])('%s is %s', (address, text) => expect(plainAddress(address)).toBe(text))

  plain('that are none are trusted by nobody', () => {
    const isTrusted = trustOf(['10.0.0.0/8', 'fd00::/8'])
    for (const address of ['unknown', '', '10.0.0', '10.0.0.1.evil', '11.0.0.1', 'fe80::1'])
      expect(isTrusted(address)).toBe(false)
  })
})
