// The journal on a real disk.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { openJournal, type JournalEntry } from '../../src/store/journal.ts'
import { put } from '../fixtures/folder.ts'
import { mockLog } from '../fixtures/log.ts'
import { noSmallDisk, test } from '../fixtures/small-disk.ts'
import { until } from '../fixtures/until.ts'

function entry(n: number): JournalEntry {
  return { at: '2026-01-01T00:00:00.000Z', id: 'i', name: 'foo', what: 'moved', by: 'page', n }
}

function linesOf(path: string): unknown[] {
  const text = readFileSync(path, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

function open(dir: string) {
  const log = mockLog()
  return { journal: openJournal(dir, log), log, path: join(dir, 'journal.jsonl') }
}

describe('the journal', () => {
  test('writes one line for each entry, in the order of the calls', async ({ folder }) => {
    const { journal, log, path } = open(folder)
    for (let n = 0; n < 500; n++) {
      journal.append(entry(n))
      if (n % 50 === 0) await new Promise(setImmediate)
    }
    await journal.flush()
    expect(linesOf(path)).toEqual(Array.from({ length: 500 }, (_, n) => entry(n)))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(log.error).not.toHaveBeenCalled()
  })

  test('keeps an entry on one line when a text in it holds line breaks', async ({ folder }) => {
    const { journal, path } = open(folder)
    const forged = { ...entry(0), name: 'a\n{"what":"forged"}', lastLines: ['\r\n', '\u2028'] }
    journal.append(forged)
    await journal.flush()
    expect(linesOf(path)).toEqual([forged])
  })

  test('appends to the journal of an earlier lab', async ({ folder }) => {
    const { journal, path } = open(folder)
    journal.append(entry(1))
    await journal.flush()
    const { journal: later } = open(folder)
    later.append(entry(2))
    await later.flush()
    expect(linesOf(path)).toEqual([entry(1), entry(2)])
  })

  test('begins a new file when the old one is full, and keeps one older file', async ({
    folder,
  }) => {
    const { journal, path } = open(folder)
    put(path, 'first')
    truncateSync(path, 5 * 1024 * 1024 + 1)
    put(`${path}.1`, 'the one before')
    journal.append(entry(1))
    await journal.flush()
    expect(linesOf(path)).toEqual([entry(1)])
    expect(readFileSync(`${path}.1`).subarray(0, 5).toString()).toBe('first')
  })

  test('appends to a file that is just not full', async ({ folder }) => {
    const { journal, path } = open(folder)
    put(path)
    truncateSync(path, 5 * 1024 * 1024)
    journal.append(entry(1))
    await journal.flush()
    expect(statSync(path).size).toBeGreaterThan(5 * 1024 * 1024)
  })

  test('warns once while it cannot write, and again only after it could', async ({ folder }) => {
    const { journal, log, path } = open(folder)
    mkdirSync(path)
    for (let n = 0; n < 3; n++) {
      journal.append(entry(n))
      await journal.flush()
    }
    expect(log.error).toHaveBeenCalledTimes(1)
    expect(log.error.mock.calls[0]?.[0]).toMatchObject({ err: { code: 'EISDIR' } })
    rmdirSync(path)
    journal.append(entry(3))
    await journal.flush()
    expect(linesOf(path)).toEqual([0, 1, 2, 3].map(entry))
    rmSync(path)
    mkdirSync(path)
    journal.append(entry(4))
    await journal.flush()
    expect(log.error).toHaveBeenCalledTimes(2)
  })

  test('writes waiting lines once the disk takes them, without another entry', async ({
    folder,
  }) => {
    const dir = join(folder, 'state')
    const { journal, path } = open(dir)
    journal.append(entry(1))
    await journal.flush()
    mkdirSync(dir)
    await until(() => existsSync(path), { what: 'the waiting line' })
    await journal.flush()
    expect(linesOf(path)).toEqual([entry(1)])
  })

  test('warns of a FIFO in its place instead of waiting for a reader', async ({ folder }) => {
    const { journal, log, path } = open(folder)
    execFileSync('mkfifo', [path])
    journal.append(entry(1))
    await journal.flush()
    expect(log.error).toHaveBeenCalledTimes(1)
  })

  test.skipIf(noSmallDisk !== null)('tears no line on a full disk', async ({ disk }) => {
    const { journal, path } = open(disk.path)
    const large = { ...entry(0), text: 'x'.repeat(3000) }
    for (let n = 0; n < 100; n++) {
      journal.append({ ...large, n })
      await journal.flush()
    }
    // Every line there is whole, and the last ones wait.
    const written = linesOf(path).length
    expect(written).toBeLessThan(100)
    rmSync(path)
    journal.append(entry(100))
    await journal.flush()
    expect(linesOf(path)[0]).toMatchObject({ n: written })
  })

  test('flushes at once when nothing waits', async ({ folder }) => {
    await open(folder).journal.flush()
  })
})
