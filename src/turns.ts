// Turns of the event loop: how work for many is done without keeping anybody waiting. Imports queue only.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createQueue } from './queue.ts'

/** The longest that work for many may hold the loop at a time; an answer is to be had within 50 ms. */
export const turnMs = 8

/**
 * Gives each caller a turn of its own, one after the other: what two hundred of them do next would
 * otherwise be one turn, in which lab answers nobody.
 */
export function createTurns(): () => Promise<void> {
  const turns = createQueue()
  return () => turns.run(() => nextTurn())
}

/** Calls `work` with one item after the other, and lets others have a turn after every 8 ms of it. */
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
