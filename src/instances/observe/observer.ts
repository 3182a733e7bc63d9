// Wakes → listings: the first wake looks at once, later ones are gathered, never two at a time.
import type { Listing } from '../../tmux/tmux.ts'

export interface Observer {
  /** Says that something may have changed. */
  wake(): void
  /** Resolves when a listing that began after this call was applied or has failed. */
  look(): Promise<void>
  /** The number of the latest listing begun; one begun later is newer than anything known now. */
  begun(): number
  close(): void
}

export interface ObserverOptions {
  readonly list: () => Promise<Listing>
  /** Takes over a listing; `number` says when it was begun. */
  readonly apply: (listing: Listing, number: number) => void
  /** tmux could not be read. */
  readonly fail: (error: unknown) => void
  /** Called every 2 s, for what was missed. */
  readonly reconcile: () => void
  /** `reconcile` threw. The observer calls it again after 2 s. */
  readonly reconcileFailed: (error: unknown) => void
}

const reconcileMs = 2000
// One listing of 100 sessions costs some 2 ms; a hundred panes that change at once must not cost one each.
const restMs = 15
const restUnderLoadMs = 40
const wakesUnderLoad = 50
// Whatever a listing of very many costs, lab spends at most a fifth of its time on them.
const restPerApply = 5

/** Starts observing; its only timer while nothing happens is the reconcile. */
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

  /** One listing runs, at most one more is waited for: whoever asks in between shares it. */
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
