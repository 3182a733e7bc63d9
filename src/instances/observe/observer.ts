// Turns wakes into listings: the first wake lists at once, later ones share a listing, and never two run
// at a time.
import type { Listing } from '../../tmux/tmux.ts'

export interface Observer {
  /** Requests a listing soon, because something may have changed. */
  wake(): void
  /** Resolves when a listing that began after this call is applied or has failed. */
  look(): Promise<void>
  /** The number of the latest listing that began. A listing with a higher number is newer than all known facts. */
  begun(): number
  close(): void
}

export interface ObserverOptions {
  readonly list: () => Promise<Listing>
  /** Applies a listing; `number` counts the listings in the order in which they began. */
  readonly apply: (listing: Listing, number: number) => void
  /** Called when lab could not read tmux. */
  readonly fail: (error: unknown) => void
  /** Called every 2 s, to find changes that no wake announced. */
  readonly reconcile: () => void
  /** `reconcile` threw. The observer calls it again after 2 s. */
  readonly reconcileFailed: (error: unknown) => void
}

const reconcileMs = 2000
// A listing of 100 sessions costs about 2 ms. A hundred panes that change at once must share listings.
const restMs = 15
const restUnderLoadMs = 40
const wakesUnderLoad = 50
// lab spends at most a fifth of its time on listings, however many sessions they have.
const restPerApply = 5

/** Starts to observe. While nothing happens, the reconcile is its only timer. */
export function createObserver(options: ObserverOptions): Observer {
  const { list, apply, fail, reconcile, reconcileFailed } = options
  let begun = 0
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  let lastBegin = Number.NEGATIVE_INFINITY
  let applyMs = 0
  let wakes: number[] = []
  let closed = false

  async function run(): Promise<void> {
    if (closed) return
    begun += 1
    lastBegin = performance.now()
    const number = begun
    try {
      const listing = await list()
      const arrived = performance.now()
      if (!closed) apply(listing, number)
      applyMs = performance.now() - arrived
    } catch (error) {
      if (!closed) fail(error)
    }
  }

  function restLeft(): number {
    const rest = wakes.length > wakesUnderLoad ? restUnderLoadMs : restMs
    return lastBegin + Math.max(rest, applyMs * restPerApply) - performance.now()
  }

  /** One listing runs and at most one more waits. Callers in between share the waiting one. */
  function look(rest: boolean): Promise<void> {
    next ??= (running ?? Promise.resolve())
      .then(() => (rest && restLeft() > 0 ? delay(restLeft()) : undefined))
      .then(() => {
        next = null
        running = run().finally(() => (running = null))
        return running
      })
    return next
  }

  const timer = setInterval(() => {
    if (closed) return
    try {
      reconcile()
    } catch (error) {
      reconcileFailed(error)
    }
    void look(true)
  }, reconcileMs)

  return {
    wake() {
      if (closed) return
      const now = performance.now()
      wakes.push(now)
      if (wakes.length > wakesUnderLoad) wakes = wakes.filter((at) => now - at < 1000)
      void look(true)
    },
    look: () => look(false),
    begun: () => begun,
    close() {
      closed = true
      clearInterval(timer)
    },
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
