// Passes events on to the streams in turns of a few milliseconds: two hundred that happen at once, each
// drawn for every page, must not hold up any answer.
import type { LabEvent } from '../../core/events.ts'
import type { Service } from '../../instances/service.ts'
import { turnMs } from '../../turns.ts'

/** Hears an event; `manyWait` when so many follow that what sums them up is better made after them. */
export type OnEvent = (event: LabEvent, manyWait: boolean) => void

// A start or an end is a few events; more at once are a stop of all, a lost server, a scan.
const few = 8

/** Makes the function by which a stream hears all that happens from then on, until it calls what is returned. */
export function createPump(subscribe: Service['subscribe']): (tell: OnEvent) => () => void {
  /** Each with the number of events that had happened before it came. */
  const readers = new Map<OnEvent, number>()
  let queue: LabEvent[] = []
  let arrived = 0
  let isRunning = false
  let unsubscribe: (() => void) | null = null

  function drain(): void {
    const until = performance.now() + turnMs
    while (queue.length > 0) {
      const number = arrived - queue.length
      const event = queue.shift()!
      const isOver = performance.now() > until
      const manyWait = queue.length > few && !isOver
      for (const [tell, before] of readers) if (number >= before) tell(event, manyWait)
      if (isOver && queue.length > 0) return void setImmediate(drain)
    }
    isRunning = false
  }

  function hear(event: LabEvent): void {
    arrived += 1
    queue.push(event)
    if (isRunning) return
    isRunning = true
    setImmediate(drain)
  }

  return (tell) => {
    readers.set(tell, arrived)
    unsubscribe ??= subscribe(hear)
    return () => {
      if (!readers.delete(tell) || readers.size > 0) return
      unsubscribe?.()
      unsubscribe = null
      queue = []
    }
  }
}
