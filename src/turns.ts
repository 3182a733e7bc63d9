// Turns of the event loop: they keep lab responsive during work for many items. Imports queue only.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createQueue } from './queue.ts'

/** The longest time that such work may hold the loop; lab must answer requests within 50 ms. */
export const turnMs = 8

/**
 * Gives each caller its own turn, one after the other. Otherwise the work of two hundred callers would be
 * one turn, in which lab answers no request.
 */
export function createTurns(): () => Promise<void> {
  const turns = createQueue()
  return () => turns.run(() => nextTurn())
}

/** Calls `work` with one item after the other, and gives other work a turn after every 8 ms. */
export async function inTurns<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let until = performance.now() + turnMs
  for (const item of items) {
    if (performance.now() > until) {
      await nextTurn()
      until = performance.now() + turnMs
    }
    work(item)
  }
}
