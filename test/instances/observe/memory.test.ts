// When lab publishes an instance's memory, with a process that allocates exactly what the test sends.
import { spawn } from 'node:child_process'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMemory } from '../../../src/instances/observe/memory.ts'
import type { Change, Ledger } from '../../../src/instances/state/ledger.ts'
import { childrenOf } from '../../../src/processes/proc.ts'
import { reserve } from '../../fixtures/entry.ts'
import { mockLog } from '../../fixtures/log.ts'
import { until } from '../../fixtures/until.ts'

const megabyte = 2 ** 20

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => vi.useRealTimers())

test('memory is measured at once and every 5 s while a caller watches, and published when it has moved by a twentieth', async () => {
  const keeper = spawn('sh', ['-c', 'dd bs=128M count=1 iflag=fullblock of=/dev/null; :'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  try {
    await until(() => childrenOf(keeper.pid!)[0], { what: 'the agent' })
    // Written is what the socket has taken; it holds a fraction of a megabyte that nobody has read yet.
    const feed = (bytes: number): Promise<void> =>
      new Promise((resolve) => keeper.stdin.write(Buffer.alloc(bytes), () => resolve()))
    await feed(60 * megabyte)

    const session = { isMoved: false, paneId: '%1', panePid: keeper.pid! }
    const entry = reserve({ seen: { session } })
    const told: (number | null)[] = []
    let samples = 0
    const memory = createMemory(
      {
        live: () => [entry],
        change: (_entry: unknown, { seen }: Change) => told.push(seen?.memoryBytes ?? null),
        // The last that is asked in a sample.
        find: () => (samples++, entry),
      } as unknown as Ledger,
      mockLog(),
    )
    const sampled = (count: number): Promise<unknown> =>
      until(() => samples === count, { what: `sample ${count}` })

    const stop = memory.watch()
    await sampled(1)
    expect(told).toHaveLength(1)
    expect(told[0]! % megabyte).toBe(0)
    expect(told[0]! / megabyte).toBeGreaterThan(59)
    expect(told[0]! / megabyte).toBeLessThan(65)

    await feed(megabyte)
    vi.advanceTimersByTime(4999)
    expect(samples).toBe(1)
    vi.advanceTimersByTime(1)
    await sampled(2)
    expect(told).toHaveLength(1)

    await feed(4 * megabyte)
    vi.advanceTimersByTime(5000)
    await sampled(3)
    expect(told).toHaveLength(2)
    expect(told[1]! - told[0]!).toBeGreaterThanOrEqual(4 * megabyte)

    stop()
    await feed(20 * megabyte)
    vi.advanceTimersByTime(20_000)
    expect(vi.getTimerCount()).toBe(0)
    expect([samples, told.length]).toEqual([3, 2])
  } finally {
    keeper.stdin.destroy()
    keeper.kill()
  }
})
