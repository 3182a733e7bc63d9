// Writes an API failure to the screen and the transcript.
import type { Focus } from '../terminal/focus.ts'
import type { Transcript } from '../files/transcript.ts'

/** A failure as StopFailure has it. */
export interface Failure {
  readonly error: string
  readonly message: string
}

interface Outputs {
  readonly focus: Focus
  transcript(): Transcript
}

function clock(at: Date): string {
  const hours = at.getUTCHours()
  const minutes = String(at.getUTCMinutes()).padStart(2, '0')
  return `${hours % 12 || 12}:${minutes}${hours < 12 ? 'am' : 'pm'}`
}

function record(text: string, status: number, fields: object, outputs: Outputs): void {
  outputs.transcript().add('assistant', {
    message: {
      type: 'message',
      role: 'assistant',
      model: '<synthetic>',
      content: [{ type: 'text', text }],
      stop_reason: 'stop_sequence',
    },
    isApiErrorMessage: true,
    apiErrorStatus: status,
    ...fields,
  })
}

const limitNames: Record<string, string> = {
  five_hour: '5-hour',
  seven_day: 'weekly',
  seven_day_opus: 'Opus',
}

/** Whether Claude Code continues by itself after the limit. */
export function continues(limit: string): boolean {
  return limit === 'five_hour'
}

/** Writes that a limit of the subscription was reached. It ends in `seconds`. */
export function usageLimit(seconds: number, limit: string, outputs: Outputs): Failure {
  const at = new Date(Date.now() + seconds * 1000)
  const day = at.toLocaleDateString('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' })
  const resets = continues(limit) ? clock(at) : `${day}, ${clock(at)}`
  const text = `You've hit your ${limitNames[limit] ?? limit} limit · resets ${resets} (UTC)`
  const resetsAt = Math.floor(at.getTime() / 1000)
  record(text, 429, {
    error: 'rate_limit',
    apiError: 'usage_limit_reached',
    apiErrorType: 'rate_limit_error',
    quotaLimits: { status: 'rejected', resetsAt, rateLimitType: limit, isUsingOverage: false },
  }, outputs) // prettier-ignore
  outputs.focus.print(`  ⎿  ${text}`)
  if (continues(limit))
    outputs.focus.print('', `● Usage limit reached · continuing automatically at ${clock(at)} · esc to cancel`) // prettier-ignore
  return { error: 'rate_limit', message: text }
}

const reasons: Record<number, string> = {
  401: 'invalid x-api-key',
  403: 'mock: forbidden',
  400: 'mock: bad request',
  529: 'Overloaded',
}

const kinds: Record<number, string> = {
  401: 'authentication_failed',
  403: 'authentication_failed',
  400: 'unknown',
}

/** Writes any other failure, after its retries. */
export function apiFailure(status: number, outputs: Outputs): Failure {
  const text = `API Error: ${status} ${reasons[status] ?? 'Internal server error'}`
  const error = kinds[status] ?? 'server_error'
  record(text, status, { error }, outputs)
  outputs.focus.print(`  ⎿  ${text}`)
  return { error, message: text }
}
