// /proc, read with real processes of every awkward kind.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect } from 'vitest'
import {
  ancestorsOf,
  childrenOf,
  createProcessTableReader,
  environmentNames,
  isRunning,
  proportionalBytes,
  readBootId,
  readFamilies,
  readProcess,
  residentBytes,
  sessionLeaderOf,
  type ProcessEntry,
  type ProcessId,
  type ProcessTable,
} from '../../src/processes/proc.ts'
import { markedIn, treeOf } from '../../src/processes/process-table.ts'
import { bundle, put, test } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

const started: ChildProcess[] = []
afterEach(() => {
  // With all that it started: each leads a group. The number of one that has ended may be another's.
  for (const { pid, exitCode, signalCode } of started.splice(0))
    if (exitCode === null && signalCode === null) process.kill(-pid!, 'SIGKILL')
})

/** Starts a program that lives until the test is over; `said` is what it has written. */
function start(file: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const child = spawn(file, args, {
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  started.push(child)
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  return { child, pid: child.pid!, said: () => said }
}

const gone = 2 ** 22 + 1
const stateOf = (pid: number): string | undefined =>
  /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]

/** Starts a process that ends under a parent which never asks how; `id` is what it was. */
async function startZombie(): Promise<{ pid: number; id: ProcessId }> {
  // exec leaves a parent that knows of no child.
  const parent = start('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'])
  const pid = await until(() => Number(parent.said()) || null, { what: 'the pid' })
  await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n', {
    what: 'the parent to forget its child',
  })
  const id = readProcess(pid)!
  process.kill(pid, 'SIGKILL')
  await until(() => stateOf(pid) === 'Z', { what: 'the zombie' })
  return { pid, id }
}

describe('one process', () => {
  test('is told by its pid, its start and its parent', () => {
    const { pid } = start('sleep', ['1000'])
    const found = readProcess(pid)
    expect(found).toMatchObject({ pid, parent: process.pid })
    expect(found?.start).toMatch(/^\d+$/)
    expect(Number(found?.start)).toBeGreaterThanOrEqual(Number(readProcess(process.pid)?.start))
    expect(readProcess(process.pid)?.parent).toBe(process.ppid)
  })

  test.for(['a) b', 'a) Z 1 2', ') (', '((', 'x\ny'])(
    'may call itself %j',
    async (name, { folder }) => {
      const script = put(join(folder, name), '#!/bin/sh\necho up\nread line\n', 0o755)
      const { pid, said } = start(script)
      await until(() => said() === 'up\n', { what: 'the script to run' })
      expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe(`${name}\n`)
      expect(readProcess(pid)).toMatchObject({ pid, parent: process.pid })
      expect(isRunning(readProcess(pid)!)).toBe(true)
    },
  )

  test('that never was, or is over, is none', async () => {
    expect(readProcess(gone)).toBeNull()
    const { child, pid } = start('true')
    await once(child, 'close')
    expect(readProcess(pid)).toBeNull()
  })

  test('that is only a zombie does not run, although a signal still reaches it', async () => {
    const { pid, id } = await startZombie()
    expect(process.kill(pid, 0)).toBe(true)
    expect(readProcess(pid)).toBeNull()
    expect(isRunning(id)).toBe(false)
  })

  test('that is stopped runs', async () => {
    const { child, pid } = start('sleep', ['1000'])
    const id = readProcess(pid)!
    child.kill('SIGSTOP')
    await until(() => stateOf(pid) === 'T', { what: 'the stop' })
    expect(isRunning(id)).toBe(true)
  })

  test('with the pid of an earlier one is not that one', () => {
    const { pid } = start('sleep', ['1000'])
    const { start: at } = readProcess(pid)!
    expect(isRunning({ pid, start: at })).toBe(true)
    expect(isRunning({ pid, start: String(Number(at) - 1) })).toBe(false)
    expect(isRunning({ pid, start: '' })).toBe(false)
  })

  test('knows its children, oldest first, and all below', async () => {
    const script = 'sleep 1000 & sh -c "sleep 1000 & echo; wait" & wait'
    const { pid, said } = start('sh', ['-c', script])
    await until(() => said() === '\n', { what: 'all to run' })
    const children = childrenOf(pid)
    expect(children).toHaveLength(2)
    expect(readProcess(children[0]!)?.parent).toBe(pid)
    expect(childrenOf(children[0]!)).toEqual([])
    expect(childrenOf(children[1]!)).toHaveLength(1)
    const families = await readFamilies()
    expect(families.get(pid)?.toSorted()).toEqual(children.toSorted())
    expect(families.get(children[1]!)).toEqual(childrenOf(children[1]!))
    expect(childrenOf(gone)).toEqual([])
    expect(families.get(gone)).toBeUndefined()
  })

  test('says how much memory it has, and none when it is gone', () => {
    expect(residentBytes(process.pid)).toBeGreaterThan(10 * 2 ** 20)
    expect(proportionalBytes(process.pid)).toBeGreaterThan(2 ** 20)
    expect(residentBytes(gone)).toBe(0)
    expect(proportionalBytes(gone)).toBeNull()
  })

  test('names what it was started with, whatever the values hold', async () => {
    const env = { EMPTY: '', EQUALS: 'a=b', LINES: 'a\nFORGED=1\n', ÄÖ: 'x' }
    const { pid, said } = start('sh', ['-c', 'unset EMPTY; export LATER=1; echo; read line'], env)
    await until(() => said() === '\n', { what: 'it to run' })
    const names = environmentNames(pid)
    expect(names).toEqual(expect.arrayContaining(['PATH', 'EMPTY', 'EQUALS', 'LINES']))
    expect(names).toHaveLength(5)
    expect(environmentNames(gone)).toEqual([])
  })

  test('has its ancestors up to the first, nearest first', () => {
    const { pid } = start('sleep', ['1000'])
    const found = ancestorsOf(pid)
    expect(found.slice(0, 3)).toEqual([pid, process.pid, process.ppid])
    expect(readProcess(found.at(-1)!)?.parent ?? 0).toBe(0)
  })
})

test('a boot has an id, and none where the kernel tells none', ({ folder }) => {
  expect(readBootId()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(readBootId(put(join(folder, 'boot'), 'abc\n'))).toBe('abc')
  expect(readBootId(join(folder, 'missing'))).toBe('unknown')
})

describe('a reader of /proc', () => {
  test('throws while this process can open no file, instead of telling that no process runs', async ({
    folder,
  }) => {
    const program = bundle(
      `import { openSync, closeSync } from 'node:fs'
       import * as proc from './src/processes/proc.ts'
       const self = proc.readProcess(process.pid)
       const readers = ['readProcess', 'childrenOf', 'nameOf', 'argvOf', 'instanceOf', 'isTmuxServer', 'ancestorsOf', 'residentBytes', 'proportionalBytes', 'environmentNames', 'isRunning']
       const ask = (name) => {
         try { return JSON.stringify(proc[name](name === 'isRunning' ? self : process.pid)) } catch (error) { return error.code }
       }
       const open = []
       try { for (;;) open.push(openSync('/dev/null')) } catch {}
       const answers = readers.map((name) => [name, ask(name)])
       open.forEach((fd) => closeSync(fd))
       console.log(JSON.stringify([answers, proc.isRunning(self)]))`,
      join(folder, 'program.mjs'),
    )
    const limited = 'ulimit -n 128; exec "$@"'
    const { stdout } = await promisify(execFile)('sh', ['-c', limited, '-', process.execPath, program]) // prettier-ignore
    const [answers, isRunningAfter] = JSON.parse(stdout) as [[string, string][], boolean]
    expect(answers).toHaveLength(11)
    expect(answers.filter(([, answer]) => answer !== 'EMFILE')).toEqual([])
    expect(isRunningAfter).toBe(true)
  })
})

describe('the table', () => {
  test('says whose instance a process is, by what it was started with', async () => {
    const marks: Array<[Record<string, string>, string | null]> = [
      [{ LAB_INSTANCE: 'one' }, 'one'],
      [{ A: 'x', LAB_INSTANCE: 'two', Z: 'x' }, 'two'],
      [{ LAB_INSTANCE: '' }, ''],
      [{ XLAB_INSTANCE: 'no' }, null],
      [{ LAB_INSTANCES: 'no' }, null],
      [{ X: 'LAB_INSTANCE=no' }, null],
      [{ X: '\nLAB_INSTANCE=no' }, null],
      [{}, null],
    ]
    const readTable = createProcessTableReader()
    const pids = marks.map(([env]) => start('sh', ['-c', 'echo; read line'], env))
    // Before it has become `sh`, a child still shows the environment of this process.
    await until(() => pids.every(({ said }) => said() === '\n'), { what: 'all to run' })
    const table = await readTable()
    expect(pids.map(({ pid }) => table.get(pid)?.instance)).toEqual(marks.map(([, mark]) => mark))
    expect(table.get(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid })
  })

  test('says so, too, of one that is about to become another program', async ({ folder }) => {
    // Nothing but that: now and then, for a moment, the kernel shows no environment of it.
    const script = put(join(folder, 'becoming'), '#!/bin/sh\nexec "$0"\n', 0o755)
    const { pid } = start(script, [], { LAB_INSTANCE: 'becoming' })
    const readTable = createProcessTableReader()
    for (let i = 0; i < 60; i++) expect((await readTable()).get(pid)?.instance).toBe('becoming')
  })

  test('does not list zombies', async () => {
    const { pid } = await startZombie()
    expect((await createProcessTableReader()()).has(pid)).toBe(false)
  })

  test('is read once for all who ask before it is begun', async () => {
    const readTable = createProcessTableReader()
    const first = readTable()
    expect(readTable()).toBe(first)
    await first
  })

  test('that is being read does not serve who asks later: their processes are in the next', async () => {
    const readTable = createProcessTableReader()
    const first = readTable()
    // The scan begins in a turn of its own, with the list of all pids.
    await Promise.resolve()
    await Promise.resolve()
    const { pid } = start('sleep', ['1000'])
    const second = readTable()
    const third = readTable()
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    expect((await first).has(pid)).toBe(false)
    expect((await second).has(pid)).toBe(true)
  })

  test('never is read twice at a time, and always again when asked again', async () => {
    const readTable = createProcessTableReader()
    const tables: ProcessTable[] = []
    const asking: Promise<unknown>[] = []
    for (let i = 0; i < 20; i++) {
      asking.push(readTable().then((table) => tables.push(table)))
      await Promise.resolve()
    }
    await Promise.all(asking)
    expect(new Set(tables).size).toBeLessThan(20)
    const last = await readTable()
    expect(tables).not.toContain(last)
    expect(await readTable()).not.toBe(last)
  })
})

const tableOf = (...entries: Array<[pid: number, parent: number]>): ProcessTable =>
  new Map(
    entries.map(([pid, parent]): [number, ProcessEntry] => [
      pid,
      { pid, parent, start: '1', instance: null },
    ]),
  )
const pidsOf = (table: ProcessTable, root: number): number[] =>
  treeOf(table, root).map(({ pid }) => pid)

describe('the tree', () => {
  test('holds the root and all below it, and nothing else', () => {
    const table = tableOf([1, 0], [10, 1], [11, 10], [12, 10], [13, 12], [20, 1], [21, 20])
    expect(new Set(pidsOf(table, 10))).toEqual(new Set([10, 11, 12, 13]))
    expect(pidsOf(table, 13)).toEqual([13])
    expect(pidsOf(table, 1)).toHaveLength(7)
  })

  test('of a process that is not there is empty', () => {
    expect(pidsOf(tableOf([1, 0], [11, 10]), 10)).toEqual([])
  })

  test('ends even where the table, read over a moment, goes round in a circle', () => {
    expect(new Set(pidsOf(tableOf([10, 12], [11, 10], [12, 11]), 10))).toEqual(
      new Set([10, 11, 12]),
    )
    expect(new Set(pidsOf(tableOf([10, 10]), 10))).toEqual(new Set([10]))
  })

  test('of real processes loses those that left it', async () => {
    const { pid, said } = start('sh', ['-c', '(sleep 1000 & echo $!) ; sleep 1000 & echo up; wait'])
    await until(() => said().endsWith('up\n'), { what: 'all to run' })
    const orphan = Number.parseInt(said(), 10)
    const child = await until(() => childrenOf(pid)[0], { what: 'its child' })
    const table = await createProcessTableReader()()
    expect(pidsOf(table, pid)).toEqual([pid, child])
    expect(table.has(orphan)).toBe(true)
  })
})

describe('a table that many look into', () => {
  const entry = (pid: number, parent: number, instance: string | null): ProcessEntry => ({
    pid,
    parent,
    instance,
    start: `${pid}`,
  })

  test('is gone through once for all of them', () => {
    let passes = 0
    class Counting extends Map<number, ProcessEntry> {
      override values() {
        passes += 1
        return super.values()
      }
    }
    const rows = Array.from({ length: 300 }, (_, i) => entry(i + 2, i % 3 ? i + 1 : 1, `i${i % 3}`))
    const table: ProcessTable = new Counting(rows.map((row) => [row.pid, row]))
    for (const { pid } of rows) treeOf(table, pid)
    for (const { instance } of rows) markedIn(table, instance!)
    expect(passes).toBe(1)
  })

  test('finds all that carry a mark, and nothing for one that nobody carries', () => {
    const rows = [entry(2, 1, 'a'), entry(3, 1, null), entry(4, 9, 'b'), entry(5, 9, 'a')]
    const table: ProcessTable = new Map(rows.map((row) => [row.pid, row]))
    expect(markedIn(table, 'a').map(({ pid }) => pid)).toEqual([2, 5])
    expect(markedIn(table, 'c')).toEqual([])
  })
})

test('sessionLeaderOf names the process that began the session, also for its children', async () => {
  const leader = spawn('sh', ['-c', 'sleep 600; :'], { detached: true, stdio: 'ignore' })
  started.push(leader)
  const [child] = await until(
    () => {
      const children = childrenOf(leader.pid!)
      return children.length > 0 ? children : null
    },
    { what: 'the child' },
  )
  const identity = { pid: leader.pid, start: readProcess(leader.pid!)?.start }
  expect(sessionLeaderOf(child!)).toEqual(identity)
  expect(sessionLeaderOf(leader.pid!)).toEqual(identity)
  expect(sessionLeaderOf('self')).not.toEqual(identity)
})
