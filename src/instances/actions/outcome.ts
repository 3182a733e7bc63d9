// The outcome of a bulk action for one instance.
import type { Outcome } from '../../core/instance.ts'
import { LabError } from '../../errors.ts'

/** The outcome for an instance for which a bulk action failed. */
export function failedOutcome(of: { id: string; name: string }, error: unknown): Outcome {
  const known = error instanceof LabError
  const code = known ? error.code : 'internal'
  const message = known ? error.message : 'Something went wrong.'
  return { ...of, outcome: 'failed', error: { code, message } }
}
