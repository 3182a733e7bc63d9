// Writes one file again and again: one write at a time, and again after a failure until it succeeds.
import { replaceFile } from '../atomic-write.ts'
import { StoreUnwritable } from '../errors.ts'
import { createQueue } from '../queue.ts'

export interface Writer {
  /** Resolves when all changes made until now are on disk. @throws StoreUnwritable when this write fails */
  changed(): Promise<void>
  /** Resolves when all changes made until now are on disk, however many tries that takes. */
  written(): Promise<void>
  /** Why the last change is not on disk; null when it is. The writer tries again. */
  failure(): StoreUnwritable | null
  /** Resolves when no write is under way. */
  flush(): Promise<void>
}

// The first retry comes soon; on a full disk lab tries every four seconds.
const [retryMs, retryMsMax] = [250, 4000]

/**
 * Makes the writer of a file that holds `text()`. It calls `prepare` before each write, and `onHealth`
 * when writing begins to fail and when it works again.
 */
export function createWriter(options: {
  readonly path: string
  readonly text: () => string
  readonly prepare: () => void
  readonly onHealth: (failure: StoreUnwritable | null) => void
}): Writer {
  const { path, text, prepare, onHealth } = options
  const queue = createQueue()
  let waiting: Promise<void> | null = null
  let failure: StoreUnwritable | null = null
  let [changes, onDisk] = [0, 0]
  let waiters: { readonly change: number; readonly resolve: () => void }[] = []
  let retry: NodeJS.Timeout | undefined
  let delayMs = retryMs

  async function writeNow(): Promise<void> {
    const change = changes
    prepare()
    await replaceFile(path, text(), { mode: 0o600 })
    onDisk = change
    delayMs = retryMs
    clearTimeout(retry)
    for (const waiter of waiters) if (waiter.change <= change) waiter.resolve()
    waiters = waiters.filter((waiter) => waiter.change > change)
    if (failure) onHealth((failure = null))
  }

  function failed(error: unknown): StoreUnwritable {
    const before = failure
    failure = new StoreUnwritable(path, { cause: error })
    clearTimeout(retry)
    retry = setTimeout(tryAgain, delayMs).unref()
    delayMs = Math.min(delayMs * 2, retryMsMax)
    if (!before) onHealth(failure)
    return failure
  }

  const tryAgain = (): void => void write().catch(() => undefined)

  // Changes made while a write runs share the next one.
  function write(): Promise<void> {
    waiting ??= queue.run(() => {
      waiting = null
      return writeNow().catch((error: unknown) => {
        throw failed(error)
      })
    })
    return waiting
  }

  return {
    changed() {
      changes++
      return write()
    },
    written() {
      if (onDisk >= changes) return Promise.resolve()
      return new Promise((resolve) => waiters.push({ change: changes, resolve }))
    },
    failure: () => failure,
    flush: () => queue.idle(),
  }
}
