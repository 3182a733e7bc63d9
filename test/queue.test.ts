// The serial queue.
import { describe, expect, test } from 'vitest'
import { createQueue } from '../src/queue.ts'

/** A promise and the functions that settle it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

describe('createQueue', () => {
  test('runs tasks one after the other, in the order in which they came', async () => {
    const queue = createQueue()
    const first = gate()
    const steps: string[] = []
    const results = ['a', 'b', 'c'].map((name) =>
      queue.run(async () => {
        steps.push(`${name} begins`)
        if (name === 'a') await first.opened
        steps.push(`${name} ends`)
        return name
      }),
    )
    first.open()
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c'])
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('gives each caller the result or the error of its own task', async () => {
    const queue = createQueue()
    const results = await Promise.allSettled([
      queue.run(() => 1),
      queue.run(() => Promise.reject(new Error('second'))),
      queue.run(() => {
        throw new Error('third')
      }),
      queue.run(async () => 4),
    ])
    expect(results).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: new Error('second') },
      { status: 'rejected', reason: new Error('third') },
      { status: 'fulfilled', value: 4 },
    ])
  })

  test('begins no task before the caller continues', async () => {
    const queue = createQueue()
    let isBegun = false
    const done = queue.run(() => (isBegun = true))
    expect(isBegun).toBe(false)
    await done
    expect(isBegun).toBe(true)
  })

  test('is idle once the tasks it holds have ended, even when one was rejected', async () => {
    const queue = createQueue()
    await queue.idle()
    const first = gate()
    const steps: string[] = []
    const failed = queue.run(async () => {
      await first.opened
      steps.push('task')
      throw new Error('failed')
    })
    const idle = queue.idle().then(() => steps.push('idle'))
    first.open()
    await expect(failed).rejects.toThrow('failed')
    await idle
    expect(steps).toEqual(['task', 'idle'])
  })

  test('counts the tasks that run or wait, and none that has settled', async () => {
    const queue = createQueue()
    const first = gate()
    const failed = queue.run(async () => {
      await first.opened
      throw new Error('failed')
    })
    const second = queue.run(() => queue.size())
    expect(queue.size()).toBe(2)
    first.open()
    await expect(failed).rejects.toThrow('failed')
    expect(await second).toBe(1)
    expect(queue.size()).toBe(0)
  })
})
