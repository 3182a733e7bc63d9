// The registry where no watcher is to be had (the kernel's limit is reached): its looks alone must do.
import type { FSWatcher } from 'node:fs'
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { createRegistry } from '../../../src/claude/registry/registry.ts'
import { put, test } from '../../fixtures/folder.ts'
import { until } from '../../fixtures/until.ts'

const limit = vi.hoisted(() => ({ reached: true, watching: 0 }))

vi.mock('node:fs', async (original) => {
  const real = await original<{ watch: (...args: unknown[]) => FSWatcher }>()
  const watch = (...args: unknown[]): FSWatcher => {
    if (limit.reached) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    limit.watching++
    return real.watch(...args)
  }
  return { ...real, watch }
})

const fileOf = (pid: number, status: string): string => JSON.stringify({ pid, status })

test('a look finds new, changed and removed files, and sets a watcher as soon as the kernel has one', async ({
  folder,
}) => {
  const dir = join(folder, 'sessions')
  put(join(dir, '1.json'), fileOf(1, 'idle'))
  let changes = 0
  const registry = createRegistry(dir, () => changes++)
  const statuses = (): string[] =>
    [...registry.entries()].map(({ pid, status }) => `${pid} ${status}`)
  expect(statuses()).toEqual(['1 idle'])

  put(join(dir, '1.json'), fileOf(1, 'waiting'))
  put(join(dir, '2.json'), fileOf(2, 'busy'))
  registry.reconcile()
  expect(statuses()).toEqual(['1 waiting', '2 busy'])
  expect(changes).toBe(2)

  unlinkSync(join(dir, '1.json'))
  put(join(dir, '2.json'), '{')
  registry.reconcile()
  expect(statuses()).toEqual(['2 busy'])
  put(join(dir, '2.json'), fileOf(2, 'idle'))
  registry.reconcile()
  expect(statuses()).toEqual(['2 idle'])
  expect(changes).toBe(4)

  expect(limit.watching).toBe(0)
  limit.reached = false
  registry.reconcile()
  expect(limit.watching).toBe(2)
  registry.reconcile()
  expect(limit.watching).toBe(2)
  put(join(dir, '3.json'), fileOf(3, 'idle'))
  await until(() => statuses().includes('3 idle'), { what: 'a change without a look' })
  registry.close()
})
