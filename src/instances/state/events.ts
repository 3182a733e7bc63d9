// Who is told of every change.
import type { Log } from '../../log.ts'
import type { LabEvent } from '../../core/events.ts'

type Listener = (event: LabEvent) => void

/** Tells listeners of events, in order; one that fails is logged and keeps no other from being told. */
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
