// What became of one instance's part of a request about several.
import type { Outcome } from '../../core/instance.ts'
import { LabError } from '../../errors.ts'

/** The outcome of one instance's part of a request that failed for it. */
export function failedOutcome(of: { id: string; name: string }, error: unknown): Outcome {
  const known = error instanceof LabError
  const code = known ? error.code : 'internal'
  const message = known ? error.message : 'Something went wrong.'
  return { ...of, outcome: 'failed', error: { code, message } }
}
