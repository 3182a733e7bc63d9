import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Screen } from '../../../src/core/input/message.ts'
import { createScreenWatch } from '../../../src/instances/look/screen-watch.ts'
import type { Entry } from '../../../src/instances/state/entry.ts'
import { mockLog } from '../../fixtures/log.ts'

const entry = { id: 'foo', seen: { session: { paneId: '%1' } } } as unknown as Entry
const showing = (...rows: readonly string[]): Screen => ({ columns: 80, rows })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A watch over one pane, whose screen and reads the test sees. */
function watchPane() {
  const pane = { now: showing('one'), reads: 0, fails: false }
  const screens = createScreenWatch({
    tmux: {
      async screen() {
        pane.reads += 1
        if (pane.fails) throw new Error('the pane is gone')
        return pane.now
      },
    },
    ledger: { find: () => entry },
    log: mockLog(),
  })
  return { pane, screens }
}

describe('a watched screen', () => {
  test('is shown at once, and again only when it has changed', async () => {
    const { pane, screens } = watchPane()
    const seen: Screen[] = []
    screens.watch(entry, (screen) => seen.push(screen))
    await vi.advanceTimersByTimeAsync(0)
    expect(seen).toEqual([showing('one')])
    await vi.advanceTimersByTimeAsync(5000)
    expect(seen).toHaveLength(1)
    pane.now = showing('two')
    await vi.advanceTimersByTimeAsync(500)
    expect(seen).toEqual([showing('one'), showing('two')])
  })

  test('is read at most twice a second for all who look, and not at all for none', async () => {
    const { pane, screens } = watchPane()
    const leave = [1, 2, 3].map(() => screens.watch(entry, () => {}))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(pane.reads).toBeLessThanOrEqual(21)
    for (const stop of leave) stop()
    await vi.advanceTimersByTimeAsync(1000)
    const before = pane.reads
    await vi.advanceTimersByTimeAsync(10_000)
    expect(pane.reads).toBe(before)
  })

  test('is shown at once to the next who looks', async () => {
    const { screens } = watchPane()
    screens.watch(entry, () => {})
    await vi.advanceTimersByTimeAsync(0)
    const seen: Screen[] = []
    screens.watch(entry, (screen) => seen.push(screen))
    expect(seen).toEqual([showing('one')])
  })

  test('comes back after a time in which lab cannot read it', async () => {
    const { pane, screens } = watchPane()
    const seen: Screen[] = []
    screens.watch(entry, (screen) => seen.push(screen))
    await vi.advanceTimersByTimeAsync(0)
    pane.fails = true
    await vi.advanceTimersByTimeAsync(2000)
    pane.fails = false
    pane.now = showing('two')
    await vi.advanceTimersByTimeAsync(1000)
    expect(seen).toEqual([showing('one'), showing('two')])
  })
})
