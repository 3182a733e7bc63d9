// A card: what one instance needs from the operator, and the buttons that give it.
import type { FC } from 'hono/jsx'
import type { Instance } from '../../../core/instance.ts'
import { waitsForOperator } from '../../../core/limit.ts'
import { PaneLink } from '../pane/link.tsx'
import { Age, Prose, StateIcon, Title } from '../parts.tsx'
import type { RenderContext } from '../render-context.ts'
import { causeText, isOverdue, wordOf } from '../words.ts'
import { AnswerForms } from './answer.tsx'
import { WaysOn } from './evidence.tsx'
import { Restart } from './open-action.tsx'
import { FormLine } from './row-form.tsx'

/** The card of an instance that waits, does not come up, died, or has lost its link. */
export const NeedCard: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const { id, project, state, since } = instance
  return (
    <article id={`n-${id}`} class="need" data-state={state} data-question={instance.question?.id}>
      <PaneLink class="look" href={`/instances/${id}`}>
        <span class="badge">
          <StateIcon state={state} />
        </span>
        <h3 class="title">
          <Title of={instance} />
        </h3>
        <span class="where">
          <span class="in">{project}</span> · <Age since={since} at={at} />
          {instance.question === null ? null : ` · ${instance.question.title}`}
        </span>
      </PaneLink>
      {waitsForOperator(instance) ? (
        <AnswerForms instance={instance} place="card" at={at} />
      ) : state === 'error' ? (
        <Died instance={instance} />
      ) : isOverdue(instance) ? (
        <p class="cause">
          <Prose text={instance.evidence?.message ?? wordOf(instance)} />
        </p>
      ) : (
        <Restart instance={instance} place="card" />
      )}
      <FormLine instance={instance} place="card" />
    </article>
  )
}

const Died: FC<{ instance: Instance }> = ({ instance }) => (
  <>
    <p class="cause">
      {wordOf(instance)}
      {causeText(instance) === null ? null : (
        <>
          : <code>{causeText(instance)}</code>
        </>
      )}
    </p>
    <WaysOn instance={instance} place="card" />
  </>
)
