// The failures of a request about several instances.
import type { FC } from 'hono/jsx'
import type { Outcome } from '../../core/instance.ts'
import { ForceButton, Prose } from './parts.tsx'

/** Each reason once, with the names of those it kept; nothing when nothing failed. */
export const Failures: FC<{ of: readonly Outcome[] }> = ({ of }) => {
  const names = new Map<string, string[]>()
  for (const { outcome, name, error } of of) {
    if (outcome !== 'failed') continue
    const reason = error?.message ?? 'Something went wrong.'
    names.set(reason, [...(names.get(reason) ?? []), name])
  }
  return (
    <>
      {[...names].map(([reason, items]) => (
        <p>
          {items.join(', ')}: <Prose text={reason} />
        </p>
      ))}
      {of.some(({ error }) => error?.code === 'not_logged_in') ? (
        <ForceButton form="resume-all" verb="Resume" />
      ) : null}
    </>
  )
}
