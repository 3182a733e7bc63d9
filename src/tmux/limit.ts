// So many calls at a time, and no more.
import type { Reply } from './client/reply.ts'

/** Runs at most `max` calls at a time; the rest wait in order. */
export function createLimit(max: number): (call: () => Promise<Reply>) => Promise<Reply> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (call) => {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await call()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
