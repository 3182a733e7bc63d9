// Work for many, in turns of the event loop.
import { describe, expect, test } from 'vitest'
import { createTurns, inTurns } from '../src/turns.ts'

function busyFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('inTurns', () => {
  test('does all work in order, and gives other work turns in between', async () => {
    const done: number[] = []
    let turnsOfOthers = 0
    let isOver = false
    const count = (): void => {
      turnsOfOthers += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await inTurns(
      Array.from({ length: 50 }, (_, i) => i),
      (i) => {
        busyFor(1)
        done.push(i)
      },
    )
    isOver = true
    expect(done).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(turnsOfOthers).toBeGreaterThan(2)
  })
})

describe('createTurns', () => {
  test('gives each of many callers its own turn, in order', async () => {
    const turn = createTurns()
    let number = 0
    const count = (): void => {
      number += 1
      if (number < 1000) setImmediate(count)
    }
    setImmediate(count)
    const numbers = await Promise.all(Array.from({ length: 20 }, () => turn().then(() => number)))
    expect(new Set(numbers).size).toBe(20)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  })
})
