// The log: agreed keys, one line a record.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { describe, expect } from 'vitest'
import { createLog, plainLine } from '../src/log.ts'
import { bundle, test } from './fixtures/folder.ts'
import { until } from './fixtures/until.ts'

function logged(level: 'debug' | 'info' = 'info') {
  const lines: string[] = []
  const log = createLog(level, { write: (line) => void lines.push(line) })
  return { log, lines }
}

test('a record is one line of JSON with time, level as a word and msg first', () => {
  const { log, lines } = logged()
  log.warn({ instance: 'i1', project: 'foo' }, 'it died')
  expect(lines).toHaveLength(1)
  const record = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  expect(record).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    instance: 'i1',
    project: 'foo',
    msg: 'it died',
  })
})

test('plainLine gives a record in plain words, on one line without control characters', () => {
  const { log, lines } = logged()
  log.info({ instance: '0b9f3a52-6f0f-4a3c-9d2e-000000000001', name: 'foo' }, 'started')
  log.warn({ err: new Error('tmux is\nmissing'), none: null, list: ['a', 'b'] }, 'a start failed')
  log.error('\u001b[2J')
  const clock = /^\d\d:\d\d:\d\d /
  const plain = lines.map((line) => plainLine(line))
  for (const line of plain) expect(line).toMatch(clock)
  expect(plain.map((line) => line.replace(clock, ''))).toEqual([
    'started (instance: 0b9f3a52, name: foo)\n',
    'warn: a start failed (err: tmux is\\u000amissing, list: a b)\n',
    'error: \\u001b[2J\n',
  ])
})

test('text from outside cannot forge a record', () => {
  const { log, lines } = logged()
  log.info({ project: 'a\n{"level":"error"}\r\u001b[2J' }, 'b\n{"msg":"forged"}')
  expect(lines).toHaveLength(1)
  // eslint-disable-next-line no-control-regex -- control characters are the point
  expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/)
})

test('an error is logged with its stack and its cause', () => {
  const { log, lines } = logged()
  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  const { err } = JSON.parse(lines[0] ?? '') as {
    err: { stack: string; cause: { message: string } }
  }
  expect(err.stack).toContain('Error: outer')
  expect(err.cause.message).toBe('inner')
})

test('debug records are written only at that level', () => {
  const quiet = logged()
  quiet.log.debug('detail')
  expect(quiet.lines).toEqual([])
  const loud = logged('debug')
  loud.log.debug('detail')
  expect(loud.lines).toHaveLength(1)
})

describe('createLines', () => {
  const records = 40_000
  const program = `
    import { createLines } from './src/log.ts'
    const lines = createLines(2)
    for (let n = 0; n < ${records}; n++) lines.write(JSON.stringify({ n, msg: 'x'.repeat(100) }) + '\\n')
    process.stdout.write('all written')
    process.stdin.resume()`

  /** Starts the program with a stderr that has no reader yet. */
  function unread(folder: string, stderr: 'pipe' | number): ChildProcess {
    const path = bundle(program, join(folder, 'program.mjs'))
    return spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', stderr] })
  }

  /** Resolves when it has said everything, of which nothing is read yet. */
  async function allWritten(child: ChildProcess): Promise<void> {
    expect(String((await once(child.stdout!, 'data'))[0])).toBe('all written')
  }

  async function expectWhole(child: ChildProcess, stderr: Readable): Promise<void> {
    let text = ''
    stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await until(() => text.includes('"dropped"'), { what: 'a record that counts the dropped ones' })
    const lines = text.trimEnd().split('\n')
    const parsed = lines.map((line) => JSON.parse(line) as { n?: number; dropped?: number })
    const { dropped = 0 } = parsed.at(-1)!
    expect(dropped).toBeGreaterThan(0)
    expect(parsed.length - 1 + dropped).toBe(records)
    expect(parsed.slice(0, -1).map(({ n }) => n)).toEqual(lines.slice(0, -1).map((_, n) => n))
    child.kill('SIGKILL')
  }

  test('never waits for the reader of a socket, and counts what it drops', async ({ folder }) => {
    const child = unread(folder, 'pipe')
    await allWritten(child)
    await expectWhole(child, child.stderr!)
  })

  test('never waits for the reader of a pipe', async ({ folder }) => {
    const path = join(folder, 'fifo')
    execFileSync('mkfifo', [path])
    // Open for reading, too, and never read: the pipe is full before `cat` comes.
    const child = unread(folder, openSync(path, constants.O_RDWR))
    await allWritten(child)
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'ignore'] })
    await expectWhole(child, reader.stdout)
    reader.kill('SIGKILL')
  })
})
