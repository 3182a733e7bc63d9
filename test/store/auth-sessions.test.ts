// Which sign-ins are over, and the salt that all of them depend on.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openAuthSessions } from '../../src/store/auth-sessions.ts'
import { test as it } from '../fixtures/folder.ts'

const now = () => 1000

it('salt and ended sign-ins outlive lab, in a file of its own', async ({ folder }) => {
  const signIns = await openAuthSessions(folder, now)
  await signIns.end('one', 5000)
  const again = await openAuthSessions(folder, now)
  expect(again.salt()).toBe(signIns.salt())
  expect(again.isEnded('one')).toBe(true)
  expect(again.isEnded('two')).toBe(false)
  expect(statSync(join(folder, 'sign-ins.json')).mode & 0o777).toBe(0o600)
})

it('a lab keeps its name, whatever else changes, and no two have the same', async ({ folder }) => {
  const signIns = await openAuthSessions(folder, now)
  expect(signIns.lab).toMatch(/^[\da-f]{12}$/)
  await signIns.endAll()
  expect((await openAuthSessions(folder, now)).lab).toBe(signIns.lab)
  rmSync(join(folder, 'sign-ins.json'))
  expect((await openAuthSessions(folder, now)).lab).not.toBe(signIns.lab)
})

it('a file from before labs had names is given one for good, and keeps the rest', async ({
  folder,
}) => {
  const salt = 'a'.repeat(43)
  const before = { version: 1, salt, ended: [{ id: 'one', until: 5000 }] }
  writeFileSync(join(folder, 'sign-ins.json'), JSON.stringify(before))
  const signIns = await openAuthSessions(folder, now)
  expect({ salt: signIns.salt(), ended: signIns.isEnded('one') }).toEqual({ salt, ended: true })
  expect((await openAuthSessions(folder, now)).lab).toBe(signIns.lab)
})

it('one that has run out is forgotten once there are a thousand, and no earlier', async ({
  folder,
}) => {
  let time = 3000
  const signIns = await openAuthSessions(folder, () => time)
  await Promise.all(Array.from({ length: 1000 }, (_, n) => signIns.end(`old ${n}`, 2000)))
  expect(signIns.isEnded('old 0')).toBe(true)
  time = 1000
  await signIns.end('new', 5000)
  expect(signIns.isEnded('old 0')).toBe(true)
  time = 3000
  await signIns.end('newer', 5000)
  expect(signIns.isEnded('old 0')).toBe(false)
  expect(signIns.isEnded('new')).toBe(true)
})

it('a disk that takes nothing keeps no lab from opening them, and they are saved later', async ({
  folder,
}) => {
  const dir = join(folder, 'state')
  const signIns = await openAuthSessions(dir, now)
  await expect(signIns.save()).rejects.toMatchObject({ code: 'store_unwritable' })
  mkdirSync(dir)
  await signIns.save()
  expect((await openAuthSessions(dir, now)).salt()).toBe(signIns.salt())
})

it('the end of all is another salt', async ({ folder }) => {
  const signIns = await openAuthSessions(folder, now)
  const before = signIns.salt()
  await Promise.all([signIns.end('one', 5000), signIns.endAll()])
  expect(signIns.salt()).not.toBe(before)
  expect((await openAuthSessions(folder, now)).salt()).toBe(signIns.salt())
})

it.for(['', 'not json', '{}', '{"version":1,"salt":"short","ended":[]}'])(
  'a file that holds %j is begun anew, and all sign in again',
  async (text, { folder }) => {
    writeFileSync(join(folder, 'sign-ins.json'), text)
    const signIns = await openAuthSessions(folder, now)
    expect((await openAuthSessions(folder, now)).salt()).toBe(signIns.salt())
  },
)

it('an end that cannot be written holds until a restart, and says so', async ({ folder }) => {
  const dir = join(folder, 'state')
  mkdirSync(dir)
  const signIns = await openAuthSessions(dir, now)
  rmSync(dir, { recursive: true })
  await expect(signIns.end('one', 5000)).rejects.toMatchObject({ code: 'store_unwritable' })
  expect(signIns.isEnded('one')).toBe(true)
})
