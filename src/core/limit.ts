// What a usage limit means for an instance: whether its agent continues by itself. Pure.
import type { Instance } from './instance.ts'

/** A usage limit of the account, or of one model, that ended a turn, by the agent's transcript. */
export interface UsageLimit {
  /** Claude's name of the limit, such as `five_hour`. */
  readonly type: string
  /** When the limit ends, in milliseconds since the epoch; null where Claude does not say. */
  readonly resetsAt: number | null
  /** When the turn ended, in milliseconds since the epoch; null where the record does not say. */
  readonly at: number | null
}

export interface Limited {
  /** The limit that keeps the agent waiting for the operator; null when the agent continues by itself. */
  readonly waitingFor: string | null
}

const words: Readonly<Record<string, string>> = {
  five_hour: '5-hour limit',
  seven_day: 'weekly limit',
  seven_day_opus: 'weekly Opus limit',
  seven_day_sonnet: 'weekly Sonnet limit',
  overage: 'limit of usage credits',
}

// At these limits Claude 2.1.329 waits without a dialog and continues 60 s after the reset, as measured.
const continuing = new Set(['five_hour', 'overage'])
// An agent that has not continued by then waits for a prompt like any other.
const lateMs = 3 * 60_000

/**
 * Decides whether an instance is limited now; null when it is not. `status` is the registry's.
 * `startedAt` is the launch: a resumed agent has forgotten the limit of the process before it.
 */
export function decideLimit(
  limit: UsageLimit | null,
  {
    status,
    startedAt,
    now,
  }: {
    readonly status: 'idle' | 'busy' | 'waiting' | 'shell' | null
    readonly startedAt: number
    readonly now: number
  },
): Limited | null {
  if (limit === null || status === null || status === 'busy') return null
  const { type, resetsAt, at } = limit
  if (at !== null && at < startedAt) return null
  if (resetsAt !== null && now > resetsAt + lateMs) return null
  // A dialog waits for the operator at any limit, such as that of an older Claude.
  const isContinuing = status !== 'waiting' && continuing.has(type)
  return { waitingFor: isContinuing ? null : (words[type] ?? 'usage limit') }
}

/** Whether an instance waits for the operator: for an answer, or at a limit after which it does not continue. */
export function waitsForOperator(one: Pick<Instance, 'state' | 'waitingFor'>): boolean {
  return one.state === 'waiting' || (one.state === 'limited' && one.waitingFor !== null)
}
