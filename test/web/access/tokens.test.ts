// Bearer tokens: in the header and nowhere else, and only those that the file holds now.
import { describe, expect, test as plain } from 'vitest'
import { parseTokens } from '../../../src/web/access/tokens.ts'
import { test } from '../../fixtures/folder.ts'
import { bootToken, codeOf, createGuarded } from './guarded.ts'

const bearer = (token: string, more: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer ${token}`, ...more },
})
const phone = 'token-of-the-phone'
const projects = '/api/v1/projects'

describe('a token', () => {
  test('opens the API, by its name or without one, and the page too', async ({ folder }) => {
    const lab = await createGuarded({ folder, tokens: true })
    for (const token of [phone, 'token-without-a-name', bootToken])
      for (const path of [projects, '/'])
        expect((await lab.send(path, bearer(token))).status).toBe(200)
  })

  test('is the actor by its name, else by the way it came', async ({ folder }) => {
    const lab = await createGuarded({ folder, tokens: true })
    const start = (token: string, more: Record<string, string> = {}) =>
      lab.send('/api/v1/projects/foo/instances', { method: 'POST', ...bearer(token, more) })
    await start(phone)
    await start('token-without-a-name')
    await start('token-without-a-name', { 'lab-actor': 'cli' })
    await start(bootToken, { 'lab-actor': 'agent' })
    expect(lab.service.asked).toEqual(
      ['token:phone', 'api', 'cli', 'agent'].map((by) => `start foo "" by ${by}`),
    )
  })

  test.for([
    ['none', {}],
    ['a wrong one', { authorization: 'Bearer wrong' }],
    ['the start of one', { authorization: `Bearer ${phone.slice(0, -1)}` }],
    ['one with more behind it', { authorization: `Bearer ${phone}x` }],
    ['two', { authorization: `Bearer ${phone} ${phone}` }],
    ['a name', { authorization: 'Bearer phone' }],
    ['a whole line', { authorization: `Bearer phone: ${phone}` }],
    ['nothing', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${btoa(`phone:${phone}`)}` }],
    ['a bare one', { authorization: phone }],
    ['a cookie', { cookie: `lab_sign_in=${phone}; token=${phone}` }],
    ['another header', { 'x-token': phone, 'x-auth-token': phone, 'proxy-authorization': phone }],
  ] as const)('%s opens nothing', async ([, headers], { folder }) => {
    const lab = await createGuarded({ folder, tokens: true })
    const response = await lab.send(projects, { headers })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await codeOf(response)).toBe('unauthorized')
  })

  test.for([
    `?token=${phone}`,
    `?access_token=${phone}`,
    `?authorization=Bearer%20${phone}`,
    `?Bearer=${phone}`,
    `?key=${bootToken}`,
    `#${phone}`,
  ])('in a URL opens nothing: %s', async (query, { folder }) => {
    const lab = await createGuarded({ folder, tokens: true })
    for (const path of [projects, '/api/v1/events'])
      expect((await lab.send(path + query)).status).toBe(401)
    // Addresses are what gets logged, here and along the way.
    expect(JSON.stringify(lab.logged)).not.toContain(phone)
  })

  test('that is taken out of the file is good no more, and a new one at once', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, tokens: true })
    lab.rewrite('tokens', 'laptop: another-token\n')
    expect((await lab.send(projects, bearer(phone))).status).toBe(401)
    expect((await lab.send(projects, bearer('another-token'))).status).toBe(200)
    expect((await lab.send(projects, bearer(bootToken))).status).toBe(200)
  })

  test('of an earlier run of lab is good no more', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    expect((await lab.send(projects, bearer('boot-token-of-another-run'))).status).toBe(401)
  })

  test('cannot be guessed for ever, and the local commands do not feel the guesses', async ({
    folder,
  }) => {
    const lab = await createGuarded({ folder, tokens: true })
    const statuses: number[] = []
    for (let i = 0; i < 31; i++)
      statuses.push((await lab.send(projects, bearer(`guess-${i}`))).status)
    expect(new Set(statuses.slice(0, 30))).toEqual(new Set([401]))
    expect(statuses[30]).toBe(429)
    const held = await lab.send(projects, bearer('guess-31'))
    expect(held.status).toBe(429)
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(50)
    // Others who share the address are let in all the same.
    expect((await lab.send(projects, bearer(phone))).status).toBe(200)
    expect((await lab.send(projects, bearer(bootToken))).status).toBe(200)
    expect((await lab.send(projects, { ...bearer(phone), from: '192.0.2.1' })).status).toBe(200)
  })
})

describe('a token that is a proxy’s own', () => {
  test('does not undo a sign-in, however often it comes', async ({ folder }) => {
    const lab = await createGuarded({ folder })
    const cookie = await lab.signIn()
    const headers = { cookie, authorization: 'Bearer eyJhbGciOi.J9.x' }
    for (let i = 0; i < 40; i++) expect((await lab.send('/', { headers })).status).toBe(200)
    expect((await lab.send(projects, { headers })).status).toBe(200)
    const known = { cookie, ...bearer(phone).headers }
    await lab.send('/api/v1/projects/foo/instances', { method: 'POST', headers: known })
    expect(lab.service.asked.at(-1)).toContain('by token:phone')
  })

  test('leads to where one signs in, also after very many pages', async ({ folder }) => {
    const lab = await createGuarded({ folder, password: true })
    const headers = { authorization: 'Bearer eyJhbGciOi.J9.x', accept: 'text/html' }
    for (let i = 0; i < 35; i++) expect((await lab.send('/', { headers })).status).toBe(303)
    expect((await lab.send(projects, { headers })).status).toBe(429)
  })
})

describe('a token file', () => {
  plain.each([
    ['abc', [null]],
    ['phone: abc\n\n  laptop:\tdef  \r\nghi', ['phone', 'laptop', null]],
    ['a:b', [null]],
  ])('%j holds the tokens of %j', (text, names) => {
    expect(parseTokens(text).tokens.map(({ name }) => name)).toEqual(names)
  })

  plain.each([
    ['', 'holds no token'],
    ['\n \n', 'holds no token'],
    ['phone: s3cret one', 'line 1'],
    ['abc\nphone:', 'line 2'],
    ['abc\n: s3cret\n', 'line 2'],
    ['pho\u0007ne: s3cret', 'line 1'],
    ['s3crét', 'line 1'],
  ])('%j is refused without being shown', (text, reason) => {
    expect(() => parseTokens(text)).toThrow(reason)
    expect(() => parseTokens(text)).not.toThrow('s3cr')
  })
})
