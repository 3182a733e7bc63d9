// Files with secrets: who else may read one, and what happens when it changes.
import { chmodSync, chownSync, rmSync, writeFileSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, vi } from 'vitest'
import { UsageError } from '../../../src/errors.ts'
import type { Log } from '../../../src/log.ts'
import { openSecretFile } from '../../../src/web/access/secret-file.ts'
import { test } from '../../fixtures/folder.ts'
import { until } from '../../fixtures/until.ts'
import { messagesOf, mockLog } from '../../fixtures/log.ts'

// Times of files as kernels before 6.13 give them, which is most: in ticks of 4 ms and more.
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>()
  const tick = (ns: bigint): bigint => ns - (ns % 10_000_000n)
  const statSync = (path: string, options: { bigint: true }): BigIntStats => {
    const stat = fs.statSync(path, options)
    return Object.assign(stat, { mtimeNs: tick(stat.mtimeNs), ctimeNs: tick(stat.ctimeNs) })
  }
  return { ...fs, statSync }
})

const parse = (text: string) => {
  if (text === '') throw new Error('is empty')
  return { text }
}
const open = (path: string, isPrivate = true, logged: Log = mockLog()) =>
  openSecretFile({ flag: '--some-file', path, isPrivate }, parse, logged)

function put(folder: string, mode: number, text = 'secret'): string {
  const path = join(folder, 'secret')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('a secret file', () => {
  test.for([0o600, 0o400, 0o700])('of mode %o is taken', (mode, { folder }) => {
    const file = open(put(folder, mode))
    expect(file.read()).toEqual({ text: 'secret' })
    expect(file.warning).toBeNull()
  })

  test.for([
    [0o644, 'everybody on this machine'],
    [0o604, 'everybody on this machine'],
    [0o602, 'everybody on this machine'],
    [0o640, 'its group'],
    [0o620, 'its group'],
  ] as const)('of mode %o is open to %s: refused, or told', ([mode, who], { folder }) => {
    const path = put(folder, mode)
    expect(() => open(path)).toThrow(UsageError)
    expect(() => open(path)).toThrow(
      `--some-file ${path} is open to ${who}; close it with chmod 600.`,
    )
    expect(open(path, false).warning).toContain(`is open to ${who}: close it with chmod 600`)
    expect(open(path, false).read()).toEqual({ text: 'secret' })
  })

  // As systemd's LoadCredential leaves it for the user of a unit: root's, with a group that reads.
  test.skipIf(process.getuid?.() !== 0)(
    'of another account may be read by its group, for that is how lab is let in (needs root)',
    ({ folder }) => {
      const path = put(folder, 0o440)
      chownSync(path, 12_345, 12_345)
      expect(open(path).read()).toEqual({ text: 'secret' })
      chmodSync(path, 0o460)
      expect(() => open(path)).toThrow('is open to its group')
      chmodSync(path, 0o444)
      expect(() => open(path)).toThrow('is open to everybody')
    },
  )

  test('that is missing, a folder, or not as it should be is named with the flag', ({ folder }) => {
    expect(() => open(join(folder, 'none'))).toThrow(
      `--some-file ${join(folder, 'none')} does not exist.`,
    )
    expect(() => open(folder, false)).toThrow('is not a regular file')
    const path = put(folder, 0o600, '')
    expect(() => open(path)).toThrow(`--some-file ${path} is empty.`)
  })

  test('is the same thing until it says something else', ({ folder }) => {
    const path = put(folder, 0o600)
    const file = open(path)
    const before = file.read()
    expect(file.read()).toBe(before)
    writeFileSync(path, 'secret')
    expect(file.read()).toBe(before)
    writeFileSync(path, 'other!')
    expect(file.read()).toEqual({ text: 'other!' })
  })

  test('that cannot be used any more is nothing, said once, until it can', ({ folder }) => {
    const path = put(folder, 0o600)
    const log = mockLog()
    const file = open(path, true, log)
    const spoilers = [
      () => rmSync(path),
      () => put(folder, 0o600, ''),
      () => chmodSync(path, 0o644),
    ]
    for (const spoil of spoilers) {
      put(folder, 0o600)
      expect(file.read()).toEqual({ text: 'secret' })
      spoil()
      expect(file.read()).toBeNull()
      expect(file.read()).toBeNull()
    }
    const messages = messagesOf(log, 'error')
    expect(messages).toHaveLength(3)
    expect(messages.join('\n')).not.toContain('secret ')
    put(folder, 0o600)
    expect(file.read()).toEqual({ text: 'secret' })
  })

  test('tells of a change by itself, also when it is replaced', async ({ folder }) => {
    const path = put(folder, 0o600)
    let told = 0
    const end = open(path).watch(() => (told += 1))
    rmSync(path)
    await until(() => told > 0, { what: 'its end is told' })
    put(folder, 0o600, 'new')
    await until(() => told > 1, { what: 'its return is told' })
    end()
  })

  test('tells of a change that comes as soon as it is watched', async ({ folder }) => {
    const path = put(folder, 0o600)
    let told = 0
    const end = open(path).watch(() => (told += 1))
    writeFileSync(path, 'other!')
    await until(() => told > 0, { what: 'it is told' })
    end()
  })
})
