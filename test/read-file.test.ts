// Reading files that others control: whatever the path leads to, an answer comes soon.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import {
  answerMs,
  answerOf,
  hasUnanswered,
  readLinesBackwards,
  readText,
  readTextSync,
  unansweredMax,
} from '../src/read-file.ts'
import { put, test } from './fixtures/folder.ts'

const readers = [
  ['readTextSync', async (path: string, bytesMax: number) => readTextSync(path, bytesMax)],
  ['readText', (path: string, bytesMax: number) => readText(path, { bytesMax })],
] as const

describe.each(readers)('%s', (_name, read) => {
  test('returns the whole text of a regular file, also through a link', async ({ folder }) => {
    const text = 'ä'.repeat(9000)
    symlinkSync(put(join(folder, 'file'), text), join(folder, 'link'))
    expect(await read(join(folder, 'link'), 18_000)).toBe(text)
    expect(await read(put(join(folder, 'empty')), 10)).toBe('')
  })

  test('returns the text of a file whose size is reported as 0', async () => {
    expect(await read('/proc/self/maps', 1024 * 1024)).toContain('[stack]')
  })

  test.for([
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link to a device', (path: string) => symlinkSync('/dev/zero', path)],
  ] as const)('refuses %s', async ([, make], { folder }) => {
    make(join(folder, 'x'))
    await expect(read(join(folder, 'x'), 100)).rejects.toMatchObject({ code: 'ENOTREG' })
  })

  test('refuses a file above the bound without reading it', async ({ folder }) => {
    const path = put(join(folder, 'large'))
    truncateSync(path, 100 * 1024 * 1024 * 1024)
    await expect(read(path, 1000)).rejects.toMatchObject({ code: 'EFBIG' })
  })

  test('refuses a file that is longer than its reported size', async () => {
    expect(readFileSync('/proc/self/maps').length).toBeGreaterThan(1000)
    await expect(read('/proc/self/maps', 1000)).rejects.toMatchObject({ code: 'EFBIG' })
  })

  test('passes on what the system says', async ({ folder }) => {
    await expect(read(join(folder, 'none'), 10)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('takes a file of exactly the bound, and not one byte more', async ({ folder }) => {
    const path = put(join(folder, 'file'), 'x'.repeat(5000))
    expect(await read(path, 5000)).toHaveLength(5000)
    appendFileSync(path, 'x')
    await expect(read(path, 5000)).rejects.toMatchObject({ code: 'EFBIG' })
  })
})

/** A question whose answer comes when the test says so. */
function held() {
  let answer = (_value: string): void => undefined
  const answered = new Promise<string>((resolve) => (answer = resolve))
  let asked = 0
  return {
    ask: () => {
      asked++
      return answered
    },
    answer: (value: string) => answer(value),
    asked: () => asked,
  }
}

describe('answerOf', () => {
  test('rejects at its time limit, and does not ask a silent disk again', async () => {
    const { ask, answer, asked } = held()
    for (let i = 0; i < 3; i++)
      await expect(answerOf('a', ask, 5)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(asked()).toBe(1)
    expect(hasUnanswered()).toBe(true)
    answer('late')
    expect(await answerOf('b', () => Promise.resolve('next'), 1000)).toBe('next')
    expect(hasUnanswered()).toBe(false)
    expect(await answerOf('a', ask, 1000)).toBe('late')
    expect(asked()).toBe(2)
  })

  test('shares an answer among callers at the same time', async () => {
    const { ask, answer, asked } = held()
    const all = Promise.all([answerOf('a', ask), answerOf('a', ask)])
    answer('x')
    expect(await all).toEqual(['x', 'x'])
    expect(asked()).toBe(1)
  })

  test('leaves threads to others while many disks are silent, and continues when one answers', async () => {
    const silent = Array.from({ length: unansweredMax }, held)
    const late = silent.map(({ ask }, i) => answerOf(`silent ${i}`, ask, 5))
    expect((await Promise.allSettled(late)).every(({ status }) => status === 'rejected')).toBe(true)
    const ninth = held()
    await expect(answerOf('ninth', ninth.ask, 5)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(ninth.asked()).toBe(0)
    const coming = answerOf('ninth', ninth.ask, 10_000)
    ninth.answer('x')
    silent[3]!.answer('')
    expect(await coming).toBe('x')
    for (const { answer } of silent) answer('')
  })

  test('asks no more questions about a silent folder', async () => {
    const { ask, answer } = held()
    await expect(answerOf('a', ask, 5, '/dead')).rejects.toThrow()
    const other = held()
    await expect(answerOf('b', other.ask, answerMs, '/dead')).rejects.toThrow('no answer: b')
    expect(other.asked()).toBe(0)
    expect(await answerOf('b', () => Promise.resolve(1), answerMs, '/alive')).toBe(1)
    answer('')
  })

  test('rejects with the failure and forgets it', async () => {
    const fail = () => Promise.reject(new Error('EIO'))
    await expect(answerOf('a', fail)).rejects.toThrow('EIO')
    expect(await answerOf('a', () => Promise.resolve(1))).toBe(1)
  })
})

describe('readLinesBackwards', () => {
  const linesOf = async (path: string, options = {}, until = (_line: string) => false) => {
    const lines: string[] = []
    const isDone = await readLinesBackwards(
      path,
      (line) => until(lines[lines.push(line.toString()) - 1]!),
      options,
    )
    return { lines, isDone }
  }

  test('hands over every line whole, the last one first', async ({ folder }) => {
    const lines = ['ä'.repeat(50_000), '', 'x'.repeat(65_535), 'y'.repeat(200_000), 'end']
    const file = put(join(folder, 'file'), lines.join('\n'))
    expect(await linesOf(file)).toEqual({ lines: lines.toReversed(), isDone: true })
    expect(await linesOf(put(join(folder, 'empty')))).toEqual({ lines: [''], isDone: true })
  })

  test('ends at the line that is enough', async ({ folder }) => {
    const file = put(join(folder, 'file'), 'a\nb\nc')
    expect(await linesOf(file, {}, (line) => line === 'b')).toEqual({
      lines: ['c', 'b'],
      isDone: true,
    })
  })

  test('leaves a line out whose beginning is beyond the bound', async ({ folder }) => {
    const file = put(join(folder, 'file'), `${'x'.repeat(100)}\nb\nc`)
    expect(await linesOf(file, { bytesMax: 50 })).toEqual({ lines: ['c', 'b'], isDone: false })
  })

  test('refuses a FIFO', async ({ folder }) => {
    execFileSync('mkfifo', [join(folder, 'x')])
    await expect(linesOf(join(folder, 'x'))).rejects.toMatchObject({ code: 'ENOTREG' })
  })
})
