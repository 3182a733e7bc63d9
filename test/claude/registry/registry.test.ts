// Claude's registry, written as Claude writes it: in place, with whatever a reader may meet halfway.
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RegistryEntry } from '../../../src/claude/registry-entry.ts'
import { createRegistry } from '../../../src/claude/registry/registry.ts'
import { put, test as base } from '../../fixtures/folder.ts'
import { fileOf } from '../../fixtures/registry.ts'
import { until } from '../../fixtures/until.ts'

interface Opened {
  readonly dir: string
  /** How often a change was told. */
  changes(): number
  statuses(): Record<number, RegistryEntry['status']>
  reconcile(): void
  close(): void
}

const test = base.extend<{ open: (dir: string) => Opened }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  open: async ({}, use) => {
    const closes: Array<() => void> = []
    await use((dir) => {
      let changes = 0
      const registry = createRegistry(dir, () => changes++)
      closes.push(() => registry.close())
      const statuses = (): Record<number, RegistryEntry['status']> =>
        Object.fromEntries([...registry.entries()].map(({ pid, status }) => [pid, status]))
      return {
        dir,
        changes: () => changes,
        statuses,
        reconcile: () => registry.reconcile(),
        close: () => registry.close(),
      }
    })
    for (const close of closes) close()
  },
})

/** Resolves when everything written before has been noticed: events come in order. */
async function noticed(opened: Opened): Promise<void> {
  const pid = 90_000 + Math.max(0, ...Object.keys(opened.statuses()).map(Number))
  put(join(opened.dir, `${pid}.json`), fileOf(pid))
  await until(() => pid in opened.statuses(), { what: 'a file written last' })
}

describe('the first look', () => {
  test('finds all entries at once, and reports no change', ({ folder, open }) => {
    put(join(folder, '1.json'), fileOf(1))
    put(join(folder, '2.json'), fileOf(2, { status: 'busy' }))
    put(join(folder, '3.json'), '')
    const registry = open(folder)
    expect(registry.statuses()).toEqual({ 1: 'idle', 2: 'busy' })
    expect(registry.changes()).toBe(0)
  })

  test('finds nothing while there is no folder', ({ folder, open }) => {
    expect(open(join(folder, 'a', 'sessions')).statuses()).toEqual({})
  })

  test('skips keys, temporary files and names that are not a pid', async ({ folder, open }) => {
    const registry = open(folder)
    for (const name of ['5.0af3.key', '5.json.tmp', 'x.json', '.5.json', '5.JSON', '-5.json'])
      put(join(folder, name), fileOf(5))
    mkdirSync(join(folder, '6.json'))
    await noticed(registry)
    expect(Object.keys(registry.statuses())).toHaveLength(1)
    expect(registry.changes()).toBe(1)
    registry.reconcile()
    expect(Object.keys(registry.statuses())).toHaveLength(1)
  })
})

describe('a change is reported', () => {
  test('when a file appears, changes and goes', async ({ folder, open }) => {
    const registry = open(folder)
    put(join(folder, '1.json'), fileOf(1))
    await until(() => registry.statuses()[1] === 'idle', { what: 'the new file' })
    expect(registry.changes()).toBe(1)
    put(join(folder, '1.json'), fileOf(1, { status: 'waiting', waitingFor: 'permission prompt' }))
    await until(() => registry.statuses()[1] === 'waiting', { what: 'the change' })
    expect(registry.changes()).toBe(2)
    unlinkSync(join(folder, '1.json'))
    await until(() => registry.changes() === 3, { what: 'the end' })
    expect(registry.statuses()).toEqual({})
  })

  test('for a file that is renamed into its place', async ({ folder, open }) => {
    const registry = open(folder)
    renameSync(put(join(folder, '1.tmp'), fileOf(1)), join(folder, '1.json'))
    await until(() => registry.statuses()[1] === 'idle', { what: 'the new file' })
  })

  test('for each of many files written at the same moment', async ({ folder, open }) => {
    const registry = open(folder)
    for (let pid = 1; pid <= 200; pid++) put(join(folder, `${pid}.json`), fileOf(pid))
    await until(() => Object.keys(registry.statuses()).length === 200, { what: 'all files' })
    for (let pid = 1; pid <= 200; pid++)
      put(join(folder, `${pid}.json`), fileOf(pid, { status: 'busy' }))
    await until(() => Object.values(registry.statuses()).every((status) => status === 'busy'), {
      what: 'all changes',
    })
  })

  test('not when no field that lab reads has changed', async ({ folder, open }) => {
    put(join(folder, '1.json'), fileOf(1))
    const registry = open(folder)
    put(join(folder, '1.json'), fileOf(1, { cwd: '/elsewhere', statusUpdatedAt: 2 }))
    put(join(folder, '1.json'), `${fileOf(1)}\n`)
    utimesSync(join(folder, '1.json'), 1, 1)
    put(join(folder, '2.json'), '{')
    unlinkSync(join(folder, '2.json'))
    await noticed(registry)
    registry.reconcile()
    // The one that `noticed` wrote.
    expect(registry.changes()).toBe(1)
  })

  test('never after the close', async ({ folder, open }) => {
    const registry = open(folder)
    const other = open(folder)
    registry.close()
    put(join(folder, '1.json'), fileOf(1))
    await noticed(other)
    registry.reconcile()
    expect(registry.changes()).toBe(0)
    expect(registry.statuses()).toEqual({})
  })
})

describe('a file that is read halfway', () => {
  test('keeps its last good value until it is whole', async ({ folder, open }) => {
    const path = put(join(folder, '1.json'), fileOf(1))
    const registry = open(folder)
    const next = fileOf(1, { status: 'busy' })
    for (const end of [0, 1, next.length - 1]) {
      writeFileSync(path, next.slice(0, end))
      await noticed(registry)
      expect(registry.statuses()[1]).toBe('idle')
      registry.reconcile()
      expect(registry.statuses()[1]).toBe('idle')
    }
    appendFileSync(path, next.slice(-1))
    await until(() => registry.statuses()[1] === 'busy', { what: 'the whole file' })
  })

  test('is missing when it never was whole', async ({ folder, open }) => {
    const registry = open(folder)
    const path = put(join(folder, '1.json'), fileOf(1).slice(0, 20))
    await noticed(registry)
    expect(registry.statuses()).not.toHaveProperty('1')
    appendFileSync(path, fileOf(1).slice(20))
    await until(() => registry.statuses()[1] === 'idle', { what: 'the whole file' })
  })

  test('of 30 MB is not read', async ({ folder, open }) => {
    put(join(folder, '1.json'), fileOf(1))
    put(join(folder, '2.json'), fileOf(2, { name: 'x'.repeat(30e6) }))
    expect(open(folder).statuses()).toEqual({ 1: 'idle' })
  })

  test('has its last value after it was torn again and again', async ({ folder, open }) => {
    const registry = open(folder)
    const path = join(folder, '1.json')
    for (let i = 0; i < 200; i++) {
      const text = fileOf(1, { status: i % 2 ? 'idle' : 'busy', updatedAt: i })
      writeFileSync(path, text.slice(0, i))
      if (i % 10 === 0) await new Promise(setImmediate)
      appendFileSync(path, text.slice(i))
    }
    put(path, fileOf(1, { status: 'shell' }))
    await until(() => registry.statuses()[1] === 'shell', { what: 'the last value' })
  })
})

describe('the folder itself', () => {
  test('may be made later', async ({ folder, open }) => {
    const registry = open(join(folder, 'sessions'))
    put(join(folder, 'sessions', '1.json'), fileOf(1))
    await until(() => registry.statuses()[1] === 'idle', { what: 'the file in the new folder' })
    put(join(folder, 'sessions', '1.json'), fileOf(1, { status: 'busy' }))
    await until(() => registry.statuses()[1] === 'busy', { what: 'a change in the new folder' })
  })

  test('may be made later together with its parent, and is found by a look', async ({
    folder,
    open,
  }) => {
    const dir = join(folder, 'config', 'sessions')
    const registry = open(dir)
    put(join(dir, '1.json'), fileOf(1))
    registry.reconcile()
    expect(registry.statuses()).toEqual({ 1: 'idle' })
    expect(registry.changes()).toBe(1)
    put(join(dir, '1.json'), fileOf(1, { status: 'busy' }))
    await until(() => registry.statuses()[1] === 'busy', { what: 'a change in the new folder' })
  })

  test('may be removed and made again, with the same inode or another', async ({
    folder,
    open,
  }) => {
    const dir = join(folder, 'sessions')
    put(join(dir, '1.json'), fileOf(1))
    const registry = open(dir)
    for (let round = 2; round < 8; round++) {
      rmSync(dir, { recursive: true })
      // Odd rounds: noticed while it is away. Even ones: made again at once, which gives it its old number.
      if (round % 2)
        await until(() => Object.keys(registry.statuses()).length === 0, { what: 'the end' })
      put(join(dir, `${round}.json`), fileOf(round))
      await until(() => Object.keys(registry.statuses()).join() === String(round), {
        what: `the file of round ${round}`,
      })
      put(join(dir, `${round}.json`), fileOf(round, { status: 'busy' }))
      await until(() => registry.statuses()[round] === 'busy', { what: 'a change after that' })
    }
  })

  test('may be replaced by another one of that name', async ({ folder, open }) => {
    const dir = join(folder, 'sessions')
    put(join(dir, '1.json'), fileOf(1))
    const registry = open(dir)
    put(join(folder, 'other', '2.json'), fileOf(2))
    renameSync(dir, join(folder, 'old'))
    renameSync(join(folder, 'other'), dir)
    await until(() => Object.keys(registry.statuses()).join() === '2', { what: 'the other folder' })
    put(join(folder, 'old', '3.json'), fileOf(3))
    put(join(dir, '2.json'), fileOf(2, { status: 'busy' }))
    await until(() => registry.statuses()[2] === 'busy', { what: 'a change in it' })
    expect(registry.statuses()).not.toHaveProperty('3')
  })

  test('causes no report when it is unchanged at a look', ({ folder, open }) => {
    put(join(folder, '1.json'), fileOf(1))
    const registry = open(folder)
    for (let i = 0; i < 10; i++) registry.reconcile()
    expect(registry.changes()).toBe(0)
  })
})
