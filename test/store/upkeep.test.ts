// lab's folder, made and locked, on disks with and without room.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { UsageError } from '../../src/errors.ts'
import { readProcess } from '../../src/processes/proc.ts'
import { createUpkeep, openStateDir, type StateDir } from '../../src/store/upkeep.ts'
import { put } from '../fixtures/folder.ts'
import { mockLog } from '../fixtures/log.ts'
import { noSmallDisk, test } from '../fixtures/small-disk.ts'
import { until } from '../fixtures/until.ts'

const self = readProcess(process.pid)!
const other = readProcess(process.ppid)!
const lockOf = ({ pid, start }: typeof self): string =>
  `${JSON.stringify({ pid, procStart: start })}\n`

describe('openStateDir', () => {
  test('makes the folder, takes the lock, and frees it', ({ folder }) => {
    const dir = openStateDir(join(folder, 'a/b'), self)
    expect(dir.isHeld()).toBe(true)
    expect(readFileSync(join(folder, 'a/b/lock'), 'utf8')).toBe(lockOf(self))
    dir.release()
    expect(readdirSync(join(folder, 'a/b'))).toEqual([])
  })

  test('refuses a folder that another lab holds', ({ folder }) => {
    put(join(folder, 'lock'), lockOf(other))
    expect(() => openStateDir(folder, self)).toThrow(
      `is held by another lab (process ${other.pid})`,
    )
  })

  test('makes folder and lock again after they were removed', ({ folder }) => {
    const dir = openStateDir(join(folder, 'state'), self)
    rmSync(dir.path, { recursive: true })
    dir.prepare()
    expect(readFileSync(join(dir.path, 'lock'), 'utf8')).toBe(lockOf(self))
  })

  test('takes no lock that another lab has taken', ({ folder }) => {
    const dir = openStateDir(folder, self)
    writeFileSync(join(folder, 'lock'), lockOf(other))
    expect(() => dir.prepare()).toThrow(UsageError)
    expect(dir.isHeld()).toBe(false)
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(lockOf(other))
  })

  test.skipIf(noSmallDisk !== null).for(['full', 'mounted read-only'])(
    'opens on a disk that is %s, and takes the lock later',
    (kind, { disk }) => {
      const { path } = disk
      put(join(path, 'lock'), lockOf({ ...other, start: '1' }))
      disk.fill()
      if (kind !== 'full') disk.readOnly(true)
      const dir = openStateDir(path, self)
      expect(dir.isHeld()).toBe(false)
      expect(() => dir.prepare()).toThrow(/ENOSPC|EROFS/)
      if (kind !== 'full') disk.readOnly(false)
      disk.empty()
      dir.prepare()
      expect(dir.isHeld()).toBe(true)
      expect(readFileSync(join(path, 'lock'), 'utf8')).toBe(lockOf(self))
    },
  )

  test.skipIf(noSmallDisk !== null)(
    'refuses a full disk whose folder another lab holds',
    ({ disk }) => {
      const { path } = disk
      put(join(path, 'lock'), lockOf(other))
      disk.fill()
      expect(() => openStateDir(path, self)).toThrow(
        `is held by another lab (process ${other.pid})`,
      )
    },
  )

  test('refuses a path that is not a folder, with a remedy', ({ folder }) => {
    put(join(folder, 'file'))
    expect(() => openStateDir(join(folder, 'file'), self)).toThrow(UsageError)
  })
})

describe('createUpkeep', () => {
  function tended(dir: StateDir) {
    const told = { onTaken: vi.fn(), log: mockLog() }
    const upkeep = createUpkeep(dir, told)
    onTestFinished(() => upkeep.close())
    return { upkeep, ...told }
  }

  test('makes missing parts and those due at the start, and leaves the rest', async ({
    folder,
  }) => {
    const { upkeep, log } = tended(openStateDir(folder, self))
    put(join(folder, 'old'), 'old')
    put(join(folder, 'start'), 'old')
    const make = (name: string) => () => writeFileSync(join(folder, name), 'new')
    await upkeep.add('old', make('old'), 'missing')
    await upkeep.add('none', make('none'), 'missing')
    await upkeep.add('start', make('start'), 'start')
    await upkeep.add('later', make('later'), 'again')
    expect(existsSync(join(folder, 'later'))).toBe(false)
    const texts = ['old', 'none', 'start'].map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(texts).toEqual(['old', 'new', 'new'])
    expect(log.warn).not.toHaveBeenCalled()
    put(join(folder, 'later'), 'old')
    await upkeep.look()
    expect(readFileSync(join(folder, 'later'), 'utf8')).toBe('old')
    rmSync(join(folder, 'later'))
    await upkeep.look()
    expect(readFileSync(join(folder, 'later'), 'utf8')).toBe('new')
  })

  test('makes all again within seconds when the folder is removed', async ({ folder }) => {
    const dir = openStateDir(join(folder, 'state'), self)
    const { upkeep, log } = tended(dir)
    const file = join(dir.path, 'settings.json')
    await upkeep.add('settings.json', () => writeFileSync(file, '{}'), 'start')
    rmSync(dir.path, { recursive: true })
    await until(() => existsSync(file), { what: 'the file to be there again' })
    expect(readFileSync(join(dir.path, 'lock'), 'utf8')).toBe(lockOf(self))
    expect(log.warn).toHaveBeenCalledWith(
      { path: file },
      'a part of the state directory is missing; lab makes it again',
    )
  })

  test('reports a full disk once, and makes the part when there is room', async ({ folder }) => {
    const { upkeep, log } = tended(openStateDir(folder, self))
    let isFull = true
    const made = vi.fn()
    const make = (): void => {
      if (isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      made()
    }
    await upkeep.add('x', make, 'start')
    await expect(upkeep.look()).rejects.toThrow('full')
    expect(log.error).toHaveBeenCalledTimes(1)
    isFull = false
    await until(() => made.mock.calls.length > 0, { what: 'the part to be made' })
  })

  test('reports that another lab took the folder', async ({ folder }) => {
    const { onTaken } = tended(openStateDir(folder, self))
    rmSync(join(folder, 'lock'))
    writeFileSync(join(folder, 'lock'), lockOf(other))
    await until(() => onTaken.mock.calls.length > 0, { what: 'the other lab to be seen' })
    expect(onTaken.mock.calls[0]?.[0]).toBeInstanceOf(UsageError)
  })

  test('makes a folder whose parent is gone too', async ({ folder }) => {
    const dir = openStateDir(join(folder, 'a/state'), self)
    const { upkeep } = tended(dir)
    rmSync(join(folder, 'a'), { recursive: true })
    await upkeep.add(
      'notes',
      () => void mkdirSync(join(dir.path, 'notes'), { recursive: true }),
      'always',
    )
    await upkeep.look()
    expect(readdirSync(dir.path).toSorted()).toEqual(['lock', 'notes'])
  })
})
