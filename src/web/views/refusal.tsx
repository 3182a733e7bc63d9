// What a message line says of a request that was refused, and the way out where there is one.
import type { FC } from 'hono/jsx'
import type { StartSpec } from '../../core/start.ts'
import type { Place } from './instance/row-form.tsx'
import { ForceButton, Prose, ResumeBlank } from './parts.tsx'

/** A form that was refused: why, and what had been typed. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly project?: string
  readonly label?: string
  readonly start?: Omit<StartSpec, 'project'>
  readonly instance?: string
  /** Where the form stood; a start without a place is that of a project's own button. */
  readonly place?: Place | 'start'
}

/** The id of the form that was refused; null where there is none to send again. */
function formOf({ project, instance, place }: Refusal): string | null {
  if (instance !== undefined) return `resume-${place ?? 'row'}-${instance}`
  if (place === 'start') return 'start'
  return project === undefined ? null : `start-${project}`
}

/** The sentence, and the button that forces it. */
export const RefusalText: FC<{ refusal: Refusal }> = ({ refusal }) => {
  const { code, message, instance } = refusal
  const form = formOf(refusal)
  const canForce = code === 'not_logged_in' || code === 'conversation_parked'
  return (
    <>
      <p data-at-capacity={code === 'at_capacity' || undefined}>
        <Prose text={message} />
      </p>
      {code === 'conversation_gone' && form !== null ? <ResumeBlank form={form} /> : null}
      {canForce && form !== null ? (
        <ForceButton form={form} verb={instance === undefined ? 'Start' : 'Resume'} />
      ) : null}
    </>
  )
}
