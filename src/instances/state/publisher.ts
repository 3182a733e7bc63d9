// The listeners of every change, and the view of each instance that lab published last, so that lab publishes
// only differences.
import { isDeepStrictEqual } from 'node:util'
import type { LabEvent } from '../../core/events.ts'
import { isLive, type Cap, type Instance } from '../../core/instance.ts'
import type { Log } from '../../log.ts'
import type { Entry } from './entry.ts'

export interface Publisher {
  /** The live instances and starts under way. */
  live(): readonly Entry[]
  cap(): Cap
  /** The view that lab published last: the same object until the view changes. */
  lastShown(entry: Entry): Instance
  /** Publishes an instance and the cap if they differ: at once, or at the end of a batch. */
  publish(entry: Entry): void
  batch(work: () => void): void
  /** Publishes that an instance is gone. */
  forget(id: string): void
}

/** Makes a publisher that has published nothing yet. */
export function createPublisher({
  entries,
  emit,
  present,
  instancesMax,
}: {
  readonly entries: ReadonlyMap<string, Entry>
  readonly emit: (event: LabEvent) => void
  readonly present: (entry: Entry) => Instance
  readonly instancesMax: number
}): Publisher {
  const shown = new Map<string, Instance>()
  const waiting = new Set<Entry>()
  let batches = 0
  let usedShown = 0

  const live = (): readonly Entry[] => [...entries.values()].filter(({ state }) => isLive(state))
  const cap = (): Cap => ({ max: instancesMax, used: live().length })

  function emitCap(): void {
    const current = cap()
    if (current.used === usedShown) return
    usedShown = current.used
    emit({ type: 'cap', cap: current })
  }

  function publishNow(entry: Entry): void {
    if (!entries.has(entry.id)) return
    const instance = present(entry)
    if (isDeepStrictEqual(instance, shown.get(entry.id))) return
    shown.set(entry.id, instance)
    emit({ type: 'instance', instance })
  }

  return {
    live,
    cap,
    lastShown: (entry: Entry): Instance => shown.get(entry.id) ?? present(entry),
    publish(entry: Entry): void {
      if (batches > 0) {
        waiting.add(entry)
        return
      }
      publishNow(entry)
      emitCap()
    },
    batch(work: () => void): void {
      batches += 1
      try {
        work()
      } finally {
        batches -= 1
        if (batches === 0) {
          const changed = [...waiting]
          waiting.clear()
          changed.forEach(publishNow)
          emitCap()
        }
      }
    },
    forget(id: string): void {
      shown.delete(id)
      emit({ type: 'removed', id })
      emitCap()
    },
  }
}

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
