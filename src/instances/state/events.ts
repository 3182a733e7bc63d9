// The listeners that hear of every change.
import type { Log } from '../../log.ts'
import type { LabEvent } from '../../core/events.ts'

type Listener = (event: LabEvent) => void

/** Calls listeners with each event, in order. A listener that throws is logged, and the others still run. */
export function createListeners(log: Pick<Log, 'error'>): {
  readonly emit: Listener
  readonly subscribe: (listener: Listener) => () => void
} {
  const listeners = new Set<Listener>()
  return {
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event)
        } catch (error) {
          log.error({ err: error }, 'a listener failed')
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
