// When the observer lists tmux, with a clock and listings that the tests control.
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createObserver } from '../../../src/instances/observe/observer.ts'
import type { Listing } from '../../../src/tmux/tmux.ts'

const listing: Listing = { server: null, sessions: [] }

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
})
afterEach(() => vi.useRealTimers())

function observe() {
  const open: Array<{ end(): void; fail(error: Error): void }> = []
  const seen = {
    lists: 0,
    atOnce: 0,
    applied: [] as number[],
    failures: [] as unknown[],
    reconciles: 0,
    applyThrows: null as Error | null,
    reconcileThrows: null as Error | null,
    reconcileFailures: [] as unknown[],
  }
  const observer = createObserver({
    list() {
      seen.lists++
      return new Promise((resolve, reject) => {
        const done = (): void => void open.splice(open.indexOf(listed), 1)
        const listed = {
          end: () => (done(), resolve(listing)),
          fail: (error: Error) => (done(), reject(error)),
        }
        open.push(listed)
        seen.atOnce = Math.max(seen.atOnce, open.length)
      })
    },
    apply(given, number) {
      expect(given).toBe(listing)
      if (seen.applyThrows) throw seen.applyThrows
      seen.applied.push(number)
    },
    fail: (error) => seen.failures.push(error),
    reconcile() {
      seen.reconciles++
      if (seen.reconcileThrows) throw seen.reconcileThrows
    },
    reconcileFailed: (error) => seen.reconcileFailures.push(error),
  })
  /** Ends the listing that runs. */
  const end = async (): Promise<void> => {
    open[0]?.end()
    await pass(0)
  }
  return { observer, seen, open, end }
}

/** Lets time pass, and everything that follows from it happen. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

describe('a wake', () => {
  test('is followed by a listing at once', async () => {
    const { observer, seen, end } = observe()
    expect(seen.lists).toBe(0)
    observer.wake()
    await pass(0)
    expect(seen.lists).toBe(1)
    await end()
    expect(seen.applied).toEqual([1])
    observer.close()
  })

  test('is followed by a listing at once after a quiet time, too', async () => {
    const { observer, seen, end } = observe()
    observer.wake()
    await pass(0)
    await end()
    await pass(15)
    observer.wake()
    await pass(0)
    expect(seen.lists).toBe(2)
    observer.close()
  })

  test('waits until 15 ms after the last listing began, with all that come until then', async () => {
    const { observer, seen, end } = observe()
    observer.wake()
    await pass(5)
    await end()
    for (let i = 0; i < 10; i++) observer.wake()
    await pass(9)
    expect(seen.lists).toBe(1)
    await pass(1)
    expect(seen.lists).toBe(2)
    await end()
    await pass(1000)
    expect(seen.lists).toBe(2)
    observer.close()
  })

  test('is followed by exactly one more listing when one runs already', async () => {
    const { observer, seen, end } = observe()
    observer.wake()
    await pass(100)
    for (let i = 0; i < 10; i++) observer.wake()
    await pass(100)
    expect(seen.lists).toBe(1)
    await end()
    expect(seen.lists).toBe(2)
    await end()
    await pass(1000)
    expect(seen.lists).toBe(2)
    expect(seen.applied).toEqual([1, 2])
    observer.close()
  })

  test('rests for 40 ms among more than fifty in a second, and for 15 again when it is quiet', async () => {
    const { observer, seen, open, end } = observe()
    for (let i = 0; i < 51; i++) observer.wake()
    await pass(0)
    await end()
    observer.wake()
    await pass(39)
    expect(seen.lists).toBe(1)
    await pass(1)
    expect(seen.lists).toBe(2)
    await end()
    await pass(1500)
    expect(open).toHaveLength(0)
    observer.wake()
    await pass(0)
    await end()
    observer.wake()
    await pass(15)
    expect(seen.lists).toBe(4)
    observer.close()
  })

  test('is never lost, and no two listings run at a time, whatever the timing', async () => {
    const step = fc.oneof(
      fc.record({ wake: fc.boolean(), ms: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ end: fc.constantFrom('end', 'fail'), ms: fc.integer({ min: 0, max: 60 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { observer, seen, open } = observe()
        // The number of listings that had begun at the latest request.
        let asked = -1
        for (const each of steps) {
          if ('wake' in each) {
            asked = observer.begun()
            if (each.wake) observer.wake()
            else void observer.look()
          } else if (each.end === 'end') open[0]?.end()
          else open[0]?.fail(new Error('tmux'))
          await pass(each.ms)
        }
        for (let i = 0; i < 3; i++) {
          await pass(60)
          open[0]?.end()
        }
        await pass(0)
        expect(seen.atOnce).toBeLessThanOrEqual(1)
        expect(observer.begun()).toBeGreaterThan(asked)
        expect(observer.begun()).toBe(seen.lists)
        expect(seen.applied.length + seen.failures.length).toBe(seen.lists)
        observer.close()
      }),
    )
  })
})

describe('a look', () => {
  test('waits for no rest, and resolves when its listing is applied', async () => {
    const { observer, seen, end } = observe()
    observer.wake()
    await pass(0)
    await end()
    let over = false
    void observer.look().then(() => (over = true))
    await pass(0)
    expect(seen.lists).toBe(2)
    expect(over).toBe(false)
    await end()
    expect(seen.applied).toEqual([1, 2])
    expect(over).toBe(true)
    observer.close()
  })

  test('does not share a listing that began before it', async () => {
    const { observer, seen, end } = observe()
    observer.wake()
    await pass(0)
    const before = observer.begun()
    let over = false
    void observer.look().then(() => (over = true))
    await end()
    expect(over).toBe(false)
    await end()
    expect(over).toBe(true)
    expect(seen.applied.at(-1)).toBeGreaterThan(before)
    observer.close()
  })

  test('resolves as well when tmux fails', async () => {
    const { observer, seen, open } = observe()
    let over = false
    void observer.look().then(() => (over = true))
    await pass(0)
    open[0]?.fail(new Error('tmux'))
    await pass(0)
    expect(over).toBe(true)
    expect(seen.failures).toHaveLength(1)
    observer.close()
  })
})

test('a listing that fails is reported, and the next one is applied as usual', async () => {
  const { observer, seen, open, end } = observe()
  const error = new Error('tmux')
  observer.wake()
  await pass(0)
  open[0]?.fail(error)
  await pass(0)
  expect(seen.failures).toEqual([error])
  await pass(15)
  observer.wake()
  await pass(0)
  await end()
  expect(seen.applied).toEqual([2])
  observer.close()
})

test('a listing that cannot be applied is reported, and ends nothing', async () => {
  const { observer, seen, end } = observe()
  seen.applyThrows = new Error('bug')
  observer.wake()
  await pass(0)
  await end()
  expect(seen.failures).toEqual([seen.applyThrows])
  seen.applyThrows = null
  await pass(2000)
  await end()
  expect(seen.applied).toEqual([2])
  observer.close()
})

test('a reconcile runs every 2 s, and a listing follows', async () => {
  const { observer, seen, end } = observe()
  await pass(1999)
  expect([seen.reconciles, seen.lists]).toEqual([0, 0])
  for (let round = 1; round <= 3; round++) {
    await pass(round === 1 ? 1 : 2000)
    expect([seen.reconciles, seen.lists]).toEqual([round, round])
    await end()
  }
  observer.close()
})

describe('closing', () => {
  test('leaves no timer and applies no listing', async () => {
    const { observer, seen, end } = observe()
    observer.wake()
    await pass(0)
    observer.wake()
    observer.close()
    await end()
    await pass(10_000)
    expect(vi.getTimerCount()).toBe(0)
    expect(seen).toMatchObject({ lists: 1, applied: [], failures: [], reconciles: 0 })
  })

  test('ends a rest without a listing, and reports no late failure', async () => {
    const { observer, seen, open, end } = observe()
    observer.wake()
    await pass(0)
    await end()
    observer.wake()
    observer.close()
    await pass(10_000)
    observer.wake()
    await observer.look()
    await pass(10_000)
    expect(seen.lists).toBe(1)
    expect(open).toEqual([])

    const second = observe()
    second.observer.wake()
    await pass(0)
    second.observer.close()
    second.open[0]?.fail(new Error('closed'))
    await pass(0)
    expect(second.seen.failures).toEqual([])
  })
})

describe('a reconcile that throws', () => {
  test('is reported, and both the listing and the next reconcile follow', async () => {
    const { observer, seen, end } = observe()
    const error = new Error('EMFILE')
    seen.reconcileThrows = error
    await pass(2000)
    expect(seen.reconcileFailures).toEqual([error])
    expect(seen.lists).toBe(1)
    await end()
    seen.reconcileThrows = null
    await pass(2000)
    expect(seen.reconciles).toBe(2)
    expect(seen.reconcileFailures).toEqual([error])
    expect(seen.lists).toBe(2)
    await end()
    observer.close()
  })
})
