// A directory that never answers, as on a dead network mount, and how often directories are read. No
// such mount can be had in a test, so readdir is watched and held up for these tests only.
import type { Dirent } from 'node:fs'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { createProjects } from '../../src/projects/projects.ts'
import { scanProjects } from '../../src/projects/scan.ts'
import { test } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'
import { mockLog } from '../fixtures/log.ts'

type Readdir = (path: string, options: { withFileTypes: true }) => Promise<Dirent[]>
type Look = (path: string) => Promise<unknown>
const silent = vi.hoisted(() => ({
  paths: new Map<string, Promise<void>>(),
  calls: [] as string[],
  /** Reads and looks under way that get an answer. */
  running: 0,
}))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<{ readdir: Readdir; realpath: Look; lstat: Look; stat: Look }>()
  const counted =
    (look: Look): Look =>
    (path) => {
      silent.running++
      return look(path).finally(() => silent.running--)
    }
  const readdir: Readdir = async (path, options) => {
    silent.calls.push(path)
    await silent.paths.get(path)
    silent.running++
    return real.readdir(path, options).finally(() => silent.running--)
  }
  const [realpath, lstat, stat] = [real.realpath, real.lstat, real.stat].map(counted)
  return { ...real, readdir, realpath, lstat, stat }
})

/** Makes a directory silent until the returned function is called. */
function silence(path: string): () => void {
  let answer: (() => void) | undefined
  silent.paths.set(path, new Promise((resolve) => (answer = resolve)))
  return () => {
    silent.paths.delete(path)
    answer?.()
  }
}

function repository(...parts: string[]): void {
  mkdirSync(join(...parts, '.git'), { recursive: true })
}

// The time is up when every directory that answers has done so, and no millisecond earlier.
const bounds = { depthMax: 6, timeoutMs: 60_000 }
beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))

/** The result of a scan that hangs on `path`. */
async function untilTimeIsUp<T>(scan: Promise<T>, path: string): Promise<T> {
  scan.catch(() => undefined)
  do await new Promise(setImmediate)
  while (!silent.calls.includes(path) || silent.running > 0)
  vi.advanceTimersByTime(bounds.timeoutMs)
  return scan
}

afterEach(() => {
  vi.useRealTimers()
  silent.paths.clear()
  silent.calls.length = 0
})

test('a silent folder is named, and every other project is found in time', async ({ folder }) => {
  for (let i = 0; i < 40; i++) repository(folder, 'group', `project-${i}`)
  mkdirSync(join(folder, 'dead'))
  const answer = silence(join(folder, 'dead'))
  const { paths, unreadable, complete } = await untilTimeIsUp(
    scanProjects(folder, bounds),
    join(folder, 'dead'),
  )
  expect(paths).toHaveLength(40)
  expect(unreadable).toEqual([{ path: 'dead', reason: 'does not answer' }])
  expect(complete).toBe(false)
  answer()
})

test('a silent folder is read once, not again by every scan', async ({ folder }) => {
  mkdirSync(join(folder, 'dead'))
  const answer = silence(join(folder, 'dead'))
  for (let i = 0; i < 3; i++)
    await untilTimeIsUp(scanProjects(folder, bounds), join(folder, 'dead'))
  expect(silent.calls.filter((path) => path === join(folder, 'dead'))).toHaveLength(1)
  repository(folder, 'dead')
  answer()
  vi.useRealTimers()
  await until(async () => (await scanProjects(folder, bounds)).paths.includes('dead'), {
    what: 'the folder to be read again once it answers',
  })
})

test('a silent root is an error, not an endless scan', async ({ folder }) => {
  const answer = silence(folder)
  await expect(untilTimeIsUp(scanProjects(folder, bounds), folder)).rejects.toThrow(
    `${folder} does not answer`,
  )
  answer()
})

test('an answer after the time was up changes nothing', async ({ folder }) => {
  mkdirSync(join(folder, 'slow'))
  const answer = silence(join(folder, 'slow'))
  const result = await untilTimeIsUp(scanProjects(folder, bounds), join(folder, 'slow'))
  const before = JSON.stringify(result)
  repository(folder, 'slow')
  answer()
  await scanProjects(folder, bounds)
  expect(JSON.stringify(result)).toBe(before)
})

test('projects on a silent disk stay on the list under their keys, with one warning', async ({
  folder,
}) => {
  repository(folder, 'a-b')
  repository(folder, 'a', 'b')
  const log = mockLog()
  let changes = 0
  const projects = createProjects({
    root: folder,
    bounds,
    onChange: () => changes++,
    log,
  })
  await projects.scan()
  const before = projects.all()
  const answer = silence(join(folder, 'a-b'))
  for (let i = 0; i < 2; i++) await untilTimeIsUp(projects.scan(), join(folder, 'a-b'))
  expect(projects.all()).toEqual(before)
  expect(changes).toBe(1)
  expect(log.warn.mock.calls).toEqual([
    [
      {
        root: folder,
        unreadable: [{ path: 'a-b', reason: 'does not answer' }],
        complete: false,
      },
      'parts of the projects root were not read',
    ],
  ])
  answer()
})

test('refresh reads nothing while a scan runs, nor during the pause after it', async ({
  folder,
}) => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const projects = createProjects({
    root: folder,
    restMs: 1000,
    onChange: () => {},
    log: mockLog(),
  })
  projects.refresh()
  expect(silent.calls.length).toBe(1)
  projects.refresh()
  await projects.scan()
  expect(silent.calls.length).toBe(1)
  vi.advanceTimersByTime(999)
  projects.refresh()
  expect(silent.calls.length).toBe(1)
  vi.advanceTimersByTime(1)
  projects.refresh()
  expect(silent.calls.length).toBe(2)
  await projects.scan()
  await projects.scan()
  expect(silent.calls.length).toBe(3)
})
