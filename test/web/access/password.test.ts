// Signing in by lab's own password: what a cookie is, what kills it, and who may guess how often.
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../../fixtures/folder.ts'
import { cookieOf, createGuarded, password } from './guarded.ts'

const by = (cookie: string) => ({ headers: { cookie } })
const days = 24 * 3600 * 1000
const flip = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)

describe('the login page', () => {
  test('is a plain form that password managers know, and needs no script', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const html = await (await lab.send('/login?next=%2F%3Fq%3Dfoo')).text()
    expect(html).toContain('<form method="post" action="/login">')
    expect(html).toMatch(/<input [^>]*type="password" autocomplete="current-password"/)
    expect(html).toMatch(/<input [^>]*autocomplete="username"/)
    expect(html).toContain('name="next" value="/?q=foo"')
    expect(html).not.toContain('<script')
  })

  test('lets in by the password and leads on to where one wanted to go', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const response = await lab.post('/login', { password, next: '/?q=foo' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/?q=foo')
    expect((await lab.send('/', by(cookieOf(response)))).status).toBe(200)
  })

  test('answers a wrong password with 401, the form, and the place one wanted to go', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, password: true })
    for (const wrong of ['', 'wrong', `${password} `, password.toUpperCase(), `${password}\n`]) {
      lab.pass(60_000)
      const response = await lab.post('/login', { password: wrong, next: '/?q=foo' })
      expect(response.status).toBe(401)
      expect(response.headers.get('set-cookie')).toBeNull()
      const html = await response.text()
      expect(html).toContain('That is not the password.')
      expect(html).toContain('value="/?q=foo"')
    }
  })

  test('shows nothing of what was typed, neither in the answer nor in the log', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, password: true })
    const response = await lab.post('/login', { password: 'nearly-the-password' })
    expect(await response.text()).not.toContain('nearly')
    await lab.signIn()
    const log = JSON.stringify(lab.logged)
    expect(log).not.toMatch(/nearly|correct horse/)
    expect(log).toContain('127.0.0.1')
  })

  test('does not take a form from another site', async ({ folder }) => {
    // <form method=post action=http://lab/login>, to sign a victim in where the attacker can watch.
    const lab = await createGuarded({ folder, password: true })
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const response = await lab.post('/login', { password }, { headers })
    expect(response.status).toBe(403)
    expect(response.headers.get('set-cookie')).toBeNull()
  })

  test('is not there without a password', async ({ folder }) => {
    const lab = await createGuarded({ folder, tokens: true })
    expect((await lab.send('/login')).status).toBe(401)
  })
})

describe('the cookie', () => {
  test('is out of reach for scripts and other sites, and lasts 30 days', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const response = await lab.post('/login', { password })
    const cookie = response.headers.get('set-cookie')!
    expect(cookie).toMatch(/; HttpOnly(;|$)/)
    expect(cookie).toMatch(/; SameSite=Lax(;|$)/)
    expect(cookie).toMatch(/; Max-Age=2592000(;|$)/)
    expect(cookie).toMatch(/; Path=\/(;|$)/)
    expect(cookie).not.toContain('Secure')
    lab.pass(30 * days - 60_000)
    expect((await lab.send('/', by(cookieOf(response)))).status).toBe(200)
    lab.pass(120_000)
    expect((await lab.send('/', by(cookieOf(response)))).status).toBe(303)
  })

  test('is for TLS only where it came by TLS, which a trusted proxy alone can say', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, password: true, proxies: ['10.0.0.1/32'] })
    const headers = { 'x-forwarded-proto': 'https', origin: `https://127.0.0.1:8080` }
    const response = await lab.post('/login', { password }, { from: '10.0.0.1', headers })
    expect(response.headers.get('set-cookie')).toMatch(/; Secure(;|$)/)
  })

  test('cannot be forged: not a character of it may differ', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const cookie = await lab.signIn()
    const [name, value] = cookie.split('=') as [string, string]
    const [issued, id, mac] = value.split('.') as [string, string, string]
    const forged = [
      `${Number(issued) + 86_400}.${id}.${mac}`,
      `${issued}.${flip(id)}.${mac}`,
      `${issued}.${id}.${flip(mac)}`,
      `${issued}.${id}.`,
      `${issued}.${id}`,
      `${issued}.${id}.${'A'.repeat(43)}`,
      `.${value}`,
      `${value}.${mac}`,
      password,
      '',
    ]
    for (const one of forged)
      expect((await lab.send('/api/v1/projects', by(`${name}=${one}`))).status).toBe(401)
    expect((await lab.send('/api/v1/projects', by(cookie))).status).toBe(200)
  })

  test('of another lab with the same password is nothing here', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const cookie = await lab.signIn()
    writeFileSync(join(folder, 'sign-ins.json'), '{}')
    const other = await lab.restart()
    expect((await other.send('/', by(cookie))).status).toBe(303)
    const [, value] = cookie.split('=')
    const renamed = `${other.guards.password!.cookieName}=${value}`
    expect((await other.send('/', by(renamed))).status).toBe(303)
  })

  test('has a name of this lab’s own, which it keeps, and counts under no other', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, password: true })
    const [name, value] = (await lab.signIn()).split('=') as [string, string]
    expect(name).toMatch(/^lab_sign_in_[\da-f]{12}$/)
    expect((await (await lab.restart()).signIn()).split('=')[0]).toBe(name)
    await lab.post('/logout', { everywhere: '1' }, by(`${name}=${value}`))
    const now = (await lab.signIn()).split('=')
    expect(now[0]).toBe(name)
    for (const other of ['lab_sign_in', 'lab_sign_in_000000000000', name.toUpperCase()])
      expect((await lab.send('/', by(`${other}=${now[1]}`))).status).toBe(303)
    expect((await lab.send('/', by(now.join('=')))).status).toBe(200)
  })

  test('of two labs under one host name does not touch the other’s', async ({ folder }) => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, name)) as [string, string]
    for (const dir of [one, two]) mkdirSync(dir)
    const labs = [
      await createGuarded({ folder: one, password: true }),
      await createGuarded({ folder: two, password: true }),
    ]
    const cookies = await Promise.all(labs.map((lab) => lab.signIn()))
    expect(new Set(cookies.map((cookie) => cookie.split('=')[0])).size).toBe(2)
    // A browser sends both to both.
    const both = by(cookies.join('; '))
    for (const lab of labs) expect((await lab.send('/', both)).status).toBe(200)
    const left = await labs[0]!.post('/logout', { everywhere: '1' }, both)
    expect(cookieOf(left).split('=')[0]).toBe(cookies[0]!.split('=')[0])
    expect(left.headers.getSetCookie()).toHaveLength(1)
    expect((await labs[0]!.send('/', both)).status).toBe(303)
    expect((await labs[1]!.send('/', both)).status).toBe(200)
  })

  test('survives a restart of lab', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const cookie = await lab.signIn()
    expect((await (await lab.restart()).send('/', by(cookie))).status).toBe(200)
  })

  test('is dead after its sign-out, here and after a restart, while others live', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, password: true })
    const [mine, other] = [await lab.signIn(), await lab.signIn()]
    const response = await lab.post('/logout', {}, by(mine))
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/login')
    expect(response.headers.get('set-cookie')).toMatch(/=; Max-Age=0/)
    for (const here of [lab, await lab.restart()]) {
      expect((await here.send('/', by(mine))).status).toBe(303)
      expect((await here.send('/', by(other))).status).toBe(200)
    }
  })

  test('is dead after a sign-out everywhere, on every device', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const [mine, other] = [await lab.signIn(), await lab.signIn()]
    await lab.post('/logout', { everywhere: '1' }, by(mine))
    for (const here of [lab, await lab.restart()])
      for (const cookie of [mine, other])
        expect((await here.send('/', by(cookie))).status).toBe(303)
    expect((await lab.send('/', by(await lab.signIn()))).status).toBe(200)
  })

  test('is dead as soon as the password changes, and its password with it', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const cookie = await lab.signIn()
    lab.rewrite('password', 'another\n')
    expect((await lab.send('/', by(cookie))).status).toBe(303)
    expect((await lab.post('/login', { password })).status).toBe(401)
    expect((await lab.post('/login', { password: 'another' })).status).toBe(303)
    expect((await (await lab.restart()).send('/', by(cookie))).status).toBe(303)
  })

  test('lives on when the file was only written again', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const cookie = await lab.signIn()
    lab.rewrite('password', `${password}\n`)
    expect((await lab.send('/', by(cookie))).status).toBe(200)
  })

  test('lets nobody in while the file cannot be used', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const cookie = await lab.signIn()
    lab.rewrite('password', '')
    expect((await lab.send('/', by(cookie))).status).toBe(303)
    expect((await lab.post('/login', { password: '' })).status).toBe(401)
    expect(JSON.stringify(lab.logged)).toContain('nobody gets in by it')
    lab.rewrite('password', password)
    expect((await lab.send('/', by(cookie))).status).toBe(200)
  })

  test('cannot end a sign-in that it does not prove', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const cookie = await lab.signIn()
    const forged = cookie.slice(0, -1) + (cookie.endsWith('A') ? 'E' : 'A')
    await lab.post('/logout', { everywhere: '1' }, by(forged))
    await lab.post('/logout', { everywhere: '1' })
    expect((await lab.send('/', by(cookie))).status).toBe(200)
  })
})

describe('guessing', () => {
  test('ends for an address with the sixth wrong password in a minute', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const from = '192.0.2.7'
    for (let i = 0; i < 5; i++)
      expect((await lab.post('/login', { password: `${i}` }, { from })).status).toBe(401)
    const held = await lab.post('/login', { password: '5', next: '/?q=a' }, { from })
    expect(held.status).toBe(429)
    expect(held.headers.get('set-cookie')).toBeNull()
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(await held.text()).toContain('Wait')
    lab.pass(61_000)
    expect((await lab.post('/login', { password: '6' }, { from })).status).toBe(401)
  })

  test.for(['192.0.2.7', '127.0.0.1'])(
    'keeps nobody out who shares %s and knows the password',
    async (from, { folder }) => {
      const lab = await createGuarded({ folder, password: true })
      for (let i = 0; i < 7; i++) await lab.post('/login', { password: `${i}` }, { from })
      const response = await lab.post('/login', { password }, { from })
      expect(response.status).toBe(303)
      expect((await lab.send('/', by(cookieOf(response)))).status).toBe(200)
    },
  )

  test('is counted before it is known to be wrong: a hundred at once are five', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, password: true })
    const guesses = Array.from({ length: 100 }, (_, i) => lab.post('/login', { password: `${i}` }))
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(95)
  })

  test('counts right passwords for nothing', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    for (let i = 0; i < 8; i++) await lab.signIn()
    expect((await lab.post('/login', { password: 'wrong' })).status).toBe(401)
  })

  test('from one IPv6 network is from one address', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const hosts = ['::5', ':1::', ':2:3::4', ':6:7:8:9', ':0:0:0:6', ':a::b', '::']
    const statuses: number[] = []
    for (const host of hosts) {
      const from = `2001:db8:0:1${host}`
      statuses.push((await lab.post('/login', { password: 'x' }, { from })).status)
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
    expect(statuses.slice(5)).toEqual([429, 429])
    const neighbour = await lab.post('/login', { password }, { from: '2001:db8:0:2::1' })
    expect(neighbour.status).toBe(303)
  })

  test('behind a trusted proxy is counted for the client, and a client cannot change that', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, password: true, proxies: ['10.0.0.0/24'] })
    const guess = (i: number, client: string) =>
      lab.post(
        '/login',
        { password: 'x' },
        // What nginx makes of a header that the client made up: its own sight comes last.
        { from: '10.0.0.1', headers: { 'x-forwarded-for': `203.0.113.${i}, ${client}, 10.0.0.9` } },
      )
    for (let i = 0; i < 5; i++) expect((await guess(i, '198.51.100.1')).status).toBe(401)
    expect((await guess(6, '198.51.100.1')).status).toBe(429)
    expect((await guess(7, '198.51.100.2')).status).toBe(401)
  })
})

test('the file that decides about cookies is for lab alone', async ({ folder }) => {
  await createGuarded({ folder, password: true })
  expect(statSync(join(folder, 'sign-ins.json')).mode & 0o777).toBe(0o600)
})
