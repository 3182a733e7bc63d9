// The ended sign-ins, and the salt that every sign-in depends on.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { openAuthSessions } from '../../src/store/auth-sessions.ts'
import { test } from '../fixtures/folder.ts'

const now = () => 1000

describe('the auth sessions', () => {
  test('keep the salt and the ended sign-ins across restarts, in a file for lab alone', async ({
    folder,
  }) => {
    const signIns = await openAuthSessions(folder, now)
    await signIns.end('one', 5000)
    const again = await openAuthSessions(folder, now)
    expect(again.salt()).toBe(signIns.salt())
    expect(again.isEnded('one')).toBe(true)
    expect(again.isEnded('two')).toBe(false)
    expect(statSync(join(folder, 'sign-ins.json')).mode & 0o777).toBe(0o600)
  })

  test('keep the name of a lab until the file is gone, and give every lab another name', async ({
    folder,
  }) => {
    const signIns = await openAuthSessions(folder, now)
    expect(signIns.lab).toMatch(/^[\da-f]{12}$/)
    await signIns.endAll()
    expect((await openAuthSessions(folder, now)).lab).toBe(signIns.lab)
    rmSync(join(folder, 'sign-ins.json'))
    expect((await openAuthSessions(folder, now)).lab).not.toBe(signIns.lab)
  })

  test('give a lasting name to a file of an older lab, and keep the rest of it', async ({
    folder,
  }) => {
    const salt = 'a'.repeat(43)
    const before = { version: 1, salt, ended: [{ id: 'one', until: 5000 }] }
    writeFileSync(join(folder, 'sign-ins.json'), JSON.stringify(before))
    const signIns = await openAuthSessions(folder, now)
    expect({ salt: signIns.salt(), ended: signIns.isEnded('one') }).toEqual({ salt, ended: true })
    expect((await openAuthSessions(folder, now)).lab).toBe(signIns.lab)
  })

  test('forget an expired sign-in once there are a thousand, and not earlier', async ({
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

  test('open on a disk that takes nothing, and are saved later', async ({ folder }) => {
    const dir = join(folder, 'state')
    const signIns = await openAuthSessions(dir, now)
    await expect(signIns.save()).rejects.toMatchObject({ code: 'store_unwritable' })
    mkdirSync(dir)
    await signIns.save()
    expect((await openAuthSessions(dir, now)).salt()).toBe(signIns.salt())
  })

  test('change the salt when all sign-ins end', async ({ folder }) => {
    const signIns = await openAuthSessions(folder, now)
    const before = signIns.salt()
    await Promise.all([signIns.end('one', 5000), signIns.endAll()])
    expect(signIns.salt()).not.toBe(before)
    expect((await openAuthSessions(folder, now)).salt()).toBe(signIns.salt())
  })

  test.for(['', 'not json', '{}', '{"version":1,"salt":"short","ended":[]}'])(
    'begin a new file in place of one that holds %j',
    async (text, { folder }) => {
      writeFileSync(join(folder, 'sign-ins.json'), text)
      const signIns = await openAuthSessions(folder, now)
      expect((await openAuthSessions(folder, now)).salt()).toBe(signIns.salt())
    },
  )

  test('hold an end that cannot be written until a restart, and reject', async ({ folder }) => {
    const dir = join(folder, 'state')
    mkdirSync(dir)
    const signIns = await openAuthSessions(dir, now)
    rmSync(dir, { recursive: true })
    await expect(signIns.end('one', 5000)).rejects.toMatchObject({ code: 'store_unwritable' })
    expect(signIns.isEnded('one')).toBe(true)
  })
})
