// Calls while the connection is down: each through a tmux of its own, and never very many of those at once.
import { describe, expect, test } from 'vitest'
import { createControl } from '../../src/tmux/client/control.ts'
import type { Reply } from '../../src/tmux/client/reply.ts'
import { mockLog } from '../fixtures/log.ts'

describe('the fallback', () => {
  test('starts a few tmux at a time, however many calls there are, and answers all in order', async () => {
    let running = 0
    let most = 0
    const order: string[] = []
    const ok: Reply = { kind: 'ok', lines: [] }
    const control = createControl({
      server: { kind: 'own', args: [], argv: [] },
      tmuxPath: () => 'tmux',
      mayConnect: () => true,
      env: {},
      timeoutMs: 1000,
      spawned: async ([command]) => {
        running += 1
        most = Math.max(most, running)
        order.push(command!.join(' '))
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return ok
      },
      prepare: async () => ({ kind: 'ok', sessionId: '$0' }),
      wake: () => {},
      log: mockLog(),
    })
    const names = Array.from({ length: 100 }, (_, i) => `kill-pane ${i}`)
    const replies = await Promise.all(names.map((name) => control.run([name.split(' ')])))
    expect(replies).toEqual(names.map(() => ok))
    expect(order).toEqual(names)
    expect(most).toBeLessThanOrEqual(4)
  })
})

describe('the control client', () => {
  test('tries its second connection also when the first attempt failed', async () => {
    let attempts = 0
    const control = createControl({
      server: { kind: 'own', args: [], argv: [] },
      tmuxPath: () => 'tmux',
      mayConnect: () => true,
      env: {},
      timeoutMs: 1000,
      spawned: async () => ({ kind: 'ok', lines: [] }),
      prepare: () => {
        attempts += 1
        return Promise.reject(new Error('no session to attach to'))
      },
      wake: () => {},
      log: mockLog(),
    })
    await control.connect()
    expect(attempts).toBe(2)
    await control.close()
  })
})
