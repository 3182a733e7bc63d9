import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createOutbox, type Sent } from '../../src/notify/outbox.ts'

const later: Sent = { outcome: 'later', why: 'away' }
const sent: Sent = { outcome: 'sent' }
const retryMs = 2000

function make(fates: (Sent | 'throws')[] = []) {
  const tried: string[] = []
  const trouble: string[] = []
  let gone = 0
  const outbox = createOutbox<string>({
    async send(message) {
      tried.push(message)
      const fate = fates.shift() ?? sent
      if (fate === 'throws') throw Object.assign(new Error('https://secret'), { code: 'ENOTFOUND' })
      return fate
    },
    now: Date.now,
    onGone: () => (gone += 1),
    onTrouble: (why) => trouble.push(why),
    retryMs,
  })
  const put = (key: string, until = Date.now() + 3_600_000): void => outbox.put(key, key, until)
  return { outbox, put, tried, trouble, gone: () => gone }
}

describe('createOutbox', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('sends each message once, in order', async () => {
    const { put, tried } = make()
    for (const key of ['a', 'b', 'c']) put(key)
    await vi.advanceTimersByTimeAsync(10)
    expect(tried).toEqual(['a', 'b', 'c'])
  })

  test('tries again with pauses that double, and complains once, without the message', async () => {
    const { put, tried, trouble } = make([later, 'throws', later])
    put('a')
    await vi.advanceTimersByTimeAsync(retryMs - 1)
    expect(tried).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(tried).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(2 * retryMs - 1)
    expect(tried).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1 + 4 * retryMs)
    expect(tried).toHaveLength(4)
    expect(trouble).toEqual(['away'])
  })

  test('names the code of a failure, not its message', async () => {
    const { put, trouble } = make(['throws'])
    put('a')
    await vi.advanceTimersByTimeAsync(0)
    expect(trouble).toEqual(['ENOTFOUND'])
  })

  test('waits as long as the target asks for, five minutes at most', async () => {
    const { put, tried } = make([
      { ...later, afterMs: 30_000 },
      { ...later, afterMs: 9e9 },
    ])
    put('a')
    await vi.advanceTimersByTimeAsync(29_999)
    expect(tried).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(tried).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(5 * 60_000)
    expect(tried).toHaveLength(3)
  })

  test('keeps the twenty latest for a target that is away, and drops what is worth nothing any more', async () => {
    const { put, tried } = make([later])
    put('first')
    await vi.advanceTimersByTimeAsync(0)
    put('short', Date.now() + 10)
    for (let i = 0; i < 20; i++) put(`m${i}`)
    await vi.advanceTimersByTimeAsync(2 * retryMs)
    expect(tried).toEqual(['first', ...Array.from({ length: 20 }, (_, i) => `m${i}`)])
  })

  test('takes back a message that waits, but not one that was sent', async () => {
    const { put, tried, outbox } = make([later, sent])
    put('a')
    put('b')
    await vi.advanceTimersByTimeAsync(0)
    expect(outbox.remove('b')).toBe(true)
    await vi.advanceTimersByTimeAsync(retryMs)
    expect(outbox.remove('a')).toBe(false)
    expect(tried).toEqual(['a', 'a'])
  })

  test('gives up a refused message, and all messages of a target that is gone', async () => {
    const { put, tried, trouble, gone } = make([
      { outcome: 'refused', why: 'no' },
      { outcome: 'gone' },
    ])
    for (const key of ['a', 'b', 'c']) put(key)
    await vi.advanceTimersByTimeAsync(retryMs)
    expect(tried).toEqual(['a', 'b'])
    expect(trouble).toEqual(['no'])
    expect(gone()).toBe(1)
  })

  test('sends nothing after its end', async () => {
    const { put, tried, outbox } = make()
    put('a')
    outbox.close()
    await vi.advanceTimersByTimeAsync(retryMs)
    expect(tried).toEqual([])
  })
})
