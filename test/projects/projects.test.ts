// The list of projects as the service sees it.
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, vi } from 'vitest'
import { createProjects } from '../../src/projects/projects.ts'
import { test } from '../fixtures/folder.ts'
import { messagesOf, mockLog } from '../fixtures/log.ts'
import { until } from '../fixtures/until.ts'

function repository(...parts: string[]): void {
  mkdirSync(join(...parts, '.git'), { recursive: true })
}

function open(root: string, restMs = 0) {
  const onChange = vi.fn<() => void>()
  const log = mockLog()
  return { projects: createProjects({ root, restMs, onChange, log }), onChange, log }
}

describe('the list', () => {
  test('a project is found by its key and a key by its path', async ({ folder }) => {
    repository(folder, 'group', 'api')
    const { projects } = open(folder)
    expect(projects.all()).toEqual([])
    await projects.scan()
    const path = join(folder, 'group', 'api')
    expect(projects.all()).toEqual([{ key: 'group-api', path }])
    expect(projects.find('group-api')).toEqual({ key: 'group-api', path })
    expect(projects.keyOf(path)).toBe('group-api')
    expect(projects.find('group/api')).toBeNull()
    expect(projects.find('constructor')).toBeNull()
    expect(projects.keyOf('group/api')).toBeNull()
  })

  test('paths that would share a key get different ones, and the exact one keeps it', async ({
    folder,
  }) => {
    for (const path of ['a/b', 'a-b', 'a.b', 'a_b', 'x\ny', 'x y']) repository(folder, path)
    const { projects } = open(folder)
    await projects.scan()
    expect(projects.all()).toHaveLength(6)
    expect(new Set(projects.all().map(({ key }) => key)).size).toBe(6)
    expect(projects.find('a-b')?.path).toBe(join(folder, 'a-b'))
    expect(projects.find('a_b')?.path).toBe(join(folder, 'a_b'))
    for (const { key } of projects.all()) expect(key).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,59}$/)
  })

  test('projects are sorted by key', async ({ folder }) => {
    for (const path of ['b', 'B', 'a/z', 'a', '_']) repository(folder, path)
    const { projects } = open(folder)
    await projects.scan()
    const keys = projects.all().map(({ key }) => key)
    expect(keys).toEqual([...keys].sort())
  })
})

describe('onChange', () => {
  test('is called once for each scan with another result', async ({ folder }) => {
    const { projects, onChange } = open(folder)
    await projects.scan()
    expect(onChange).not.toHaveBeenCalled()
    repository(folder, 'one')
    repository(folder, 'two')
    await projects.scan()
    expect(onChange).toHaveBeenCalledTimes(1)
    await projects.scan()
    expect(onChange).toHaveBeenCalledTimes(1)
    rmSync(join(folder, 'one'), { recursive: true })
    await projects.scan()
    expect(onChange).toHaveBeenCalledTimes(2)
    renameSync(join(folder, 'two'), join(folder, 'three'))
    await projects.scan()
    expect(onChange).toHaveBeenCalledTimes(3)
  })

  test('is called once when a new neighbour changes the key of another project', async ({
    folder,
  }) => {
    repository(folder, 'a', 'b')
    const { projects, onChange } = open(folder)
    await projects.scan()
    const path = join(folder, 'a', 'b')
    expect(projects.keyOf(path)).toBe('a-b')
    repository(folder, 'a-b')
    await projects.scan()
    expect(projects.keyOf(path)).toMatch(/^a-b-[0-9a-f]{4}$/)
    expect(onChange).toHaveBeenCalledTimes(2)
  })

  test('sees the new list already', async ({ folder }) => {
    repository(folder, 'one')
    const seen: number[] = []
    const projects = createProjects({
      root: folder,
      onChange: () => seen.push(projects.all().length),
      log: mockLog(),
    })
    await projects.scan()
    expect(seen).toEqual([1])
  })
})

describe('refresh', () => {
  test('returns at once, and its result arrives', async ({ folder }) => {
    repository(folder, 'one')
    const { projects, onChange } = open(folder)
    projects.refresh()
    expect(projects.all()).toEqual([])
    await until(() => onChange.mock.calls.length === 1, { what: 'the scan to end' })
    expect(projects.all()).toHaveLength(1)
  })

  test('shares the scan that runs', async ({ folder }) => {
    const { projects } = open(folder)
    const first = projects.scan()
    projects.refresh()
    expect(projects.scan()).toBe(first)
    await first
  })

  test('keeps the list while the root is gone, warns once, and finds the root when it is back', async ({
    folder,
  }) => {
    const root = join(folder, 'root')
    repository(root, 'one')
    const { projects, log, onChange } = open(root)
    await projects.scan()
    renameSync(root, `${root}.away`)
    for (let i = 0; i < 3; i++) {
      projects.refresh()
      await projects.scan().catch(() => undefined)
    }
    await until(() => log.warn.mock.calls.length > 0, { what: 'the warning' })
    expect(messagesOf(log, 'warn')).toEqual(['lab cannot read the projects root'])
    expect(projects.all()).toHaveLength(1)
    renameSync(`${root}.away`, root)
    repository(root, 'two')
    projects.refresh()
    await until(() => projects.all().length === 2, { what: 'the list to follow' })
    expect(onChange).toHaveBeenCalledTimes(2)
  })

  test('does not report a missing root, and a scan rejects with it', async ({ folder }) => {
    await expect(open(join(folder, 'missing')).projects.scan()).rejects.toThrow('ENOENT')
  })
})
