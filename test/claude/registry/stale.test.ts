// The cost of a look at a registry directory with thousands of files whose processes are gone.
import { unlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { createRegistry } from '../../../src/claude/registry/registry.ts'
import { put, test } from '../../fixtures/folder.ts'
import { fileOf } from '../../fixtures/registry.ts'

const asked = vi.hoisted(() => ({ files: 0, folders: 0 }))

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  return {
    ...real,
    // Without a watcher, so that only a look can find a file.
    watch: () => {
      throw new Error('no watcher')
    },
    statSync: (path: string) => {
      if (path.endsWith('.json')) asked.files += 1
      return real.statSync(path)
    },
    readdirSync: (path: string) => {
      if (path.endsWith('sessions')) asked.folders += 1
      return real.readdirSync(path)
    },
  }
})

const old = 3_000_000
const count = 3000

function putOld(dir: string): void {
  for (let i = 0; i < count; i++) put(join(dir, `${old + i}.json`), fileOf(old + i))
  // As if nothing had come or gone for a while.
  utimesSync(dir, 1_700_000_000, 1_700_000_000)
}

test('a look reads a few of the old files, and does not list their names again', ({ folder }) => {
  const dir = join(folder, 'sessions')
  putOld(dir)
  const registry = createRegistry(dir, () => {})
  registry.reconcile()
  Object.assign(asked, { files: 0, folders: 0 })
  for (let i = 0; i < 3; i++) registry.reconcile()
  expect(asked.files).toBeLessThanOrEqual(3 * 250)
  expect(asked.folders).toBe(0)
  expect([...registry.entries()]).toHaveLength(count)
  registry.close()
})

test('a look still finds at once the files of running processes, new files and removed files', ({
  folder,
}) => {
  const dir = join(folder, 'sessions')
  const own = join(dir, `${process.pid}.json`)
  put(own, fileOf(process.pid, { status: 'idle' }))
  putOld(dir)
  const registry = createRegistry(dir, () => {})
  const statusOf = (pid: number) => [...registry.entries()].find((one) => one.pid === pid)?.status
  registry.reconcile()
  put(own, fileOf(process.pid, { status: 'waiting' }))
  registry.reconcile()
  expect(statusOf(process.pid)).toBe('waiting')
  put(join(dir, '2999999.json'), fileOf(2_999_999, { status: 'busy' }))
  unlinkSync(join(dir, `${old}.json`))
  registry.reconcile()
  expect([statusOf(2_999_999), statusOf(old)]).toEqual(['busy', undefined])
  registry.close()
})

test('a file that another host wrote is found after some looks', ({ folder }) => {
  const dir = join(folder, 'sessions')
  putOld(dir)
  const registry = createRegistry(dir, () => {})
  const last = old + count - 1
  put(join(dir, `${last}.json`), fileOf(last, { status: 'waiting' }))
  for (let i = 0; i < count / 200; i++) registry.reconcile()
  expect([...registry.entries()].find(({ pid }) => pid === last)?.status).toBe('waiting')
  registry.close()
})

test('a retired entry is not a candidate until its file is written again', ({ folder }) => {
  const dir = join(folder, 'sessions')
  const own = join(dir, `${process.pid}.json`)
  put(own, fileOf(process.pid, { status: 'idle' }))
  const registry = createRegistry(dir, () => {})
  const candidates = () => [...registry.candidates()].map(({ status }) => status)
  expect(candidates()).toEqual(['idle'])
  for (const entry of registry.candidates()) registry.retire(entry)
  registry.reconcile()
  expect([candidates(), [...registry.entries()].length]).toEqual([[], 1])
  put(own, fileOf(process.pid, { status: 'waiting' }))
  registry.reconcile()
  expect(candidates()).toEqual(['waiting'])
  unlinkSync(own)
  registry.reconcile()
  expect(candidates()).toEqual([])
  registry.close()
})
