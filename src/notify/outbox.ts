// The messages on their way to one target: one after the other, tried again with growing pauses, bounded in
// number and in time. A target that does not answer holds up nothing else.

/** The fate of one attempt. */
export type Sent =
  | { readonly outcome: 'sent' }
  /** The target does not exist any more. */
  | { readonly outcome: 'gone' }
  /** The target does not take this message, also not later. */
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'later'; readonly why: string; readonly afterMs?: number }

export interface Outbox<Message> {
  /** Adds a message that is worth sending until then (ms since the epoch). The oldest makes room for it. */
  put(key: string, message: Message, until: number): void
  /** Takes back a message that has not left yet. Returns whether there was one. */
  remove(key: string): boolean
  close(): void
}

export interface OutboxDeps<Message> {
  readonly send: (message: Message) => Promise<Sent>
  readonly now: () => number
  /** Called with each message that arrived. */
  readonly onSent?: (key: string) => void
  readonly onGone: () => void
  /** Called when attempts begin to fail, once until one succeeds. `why` holds no secret. */
  readonly onTrouble: (why: string) => void
  /** Stands in for the first pause between two attempts. */
  readonly retryMs?: number
}

// A target that is away for long needs the latest alerts, not all.
const waitingMax = 20
const firstRetryMs = 2000
const retryMaxMs = 5 * 60_000

export function createOutbox<Message>(deps: OutboxDeps<Message>): Outbox<Message> {
  const { send, now, onSent, onGone, onTrouble, retryMs = firstRetryMs } = deps
  let waiting: { readonly key: string; readonly message: Message; readonly until: number }[] = []
  let timer: NodeJS.Timeout | null = null
  let isSending = false
  let isClosed = false
  let failures = 0

  function next(afterMs: number): void {
    if (timer || isSending || isClosed || waiting.length === 0) return
    timer = setTimeout(() => {
      timer = null
      void attempt()
    }, afterMs).unref()
  }

  async function attempt(): Promise<void> {
    waiting = waiting.filter(({ until }) => until > now())
    const first = waiting[0]
    if (!first) return
    isSending = true
    const sent = await send(first.message).catch((error: unknown): Sent => {
      return { outcome: 'later', why: whyOf(error) }
    })
    isSending = false
    if (isClosed) return
    next(settle(first.key, sent))
  }

  /** Takes note of an attempt, and returns the pause before the next one. */
  function settle(key: string, sent: Sent): number {
    if (sent.outcome === 'later') {
      if (failures === 0) onTrouble(sent.why)
      const pause = Math.min(retryMs * 2 ** Math.min(failures, 20), retryMaxMs)
      failures += 1
      return Math.min(Math.max(pause, sent.afterMs ?? 0), retryMaxMs)
    }
    waiting = waiting.filter((one) => one.key !== key)
    if (sent.outcome === 'gone') {
      waiting = []
      onGone()
    } else if (sent.outcome === 'refused') onTrouble(sent.why)
    else {
      failures = 0
      onSent?.(key)
    }
    return 0
  }

  return {
    put(key, message, until) {
      waiting = [...waiting, { key, message, until }].slice(-waitingMax)
      next(0)
    },
    remove(key) {
      // One that is on its way counts as sent.
      const kept = waiting.filter((one, index) => one.key !== key || (index === 0 && isSending))
      const isRemoved = kept.length < waiting.length
      waiting = kept
      return isRemoved
    },
    close() {
      isClosed = true
      if (timer) clearTimeout(timer)
    },
  }
}

/** The system's code of a failure, such as ECONNREFUSED; its message may hold the address, which is a secret. */
function whyOf(error: unknown): string {
  const { cause, code, name } = error as NodeJS.ErrnoException & { cause?: { code?: string } }
  return cause?.code ?? code ?? name
}
