// Work that many streams ask for and that is done once.
import type { LabEvent } from '../../core/events.ts'

/** Remembers what was made of an event as long as a caller still holds the event. */
export function oncePerEvent<T>(make: (event: LabEvent) => T): (event: LabEvent) => T {
  const made = new WeakMap<LabEvent, { readonly value: T }>()
  return (event) => {
    const kept = made.get(event) ?? { value: make(event) }
    made.set(event, kept)
    return kept.value
  }
}

/** Does the work once for all calls of the present turn, after them. */
export function oncePerTurn(work: () => void): () => void {
  let isAsked = false
  return () => {
    if (isAsked) return
    isAsked = true
    // What fails here fails again at the next event, and is logged there.
    void Promise.resolve()
      .then(() => {
        isAsked = false
        work()
      })
      .catch(() => undefined)
  }
}
