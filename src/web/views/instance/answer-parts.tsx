// What every form that answers a question is made of.
import type { Child, FC } from 'hono/jsx'
import type { Instance } from '../../../core/instance.ts'
import type { RenderContext } from '../render-context.ts'
import type { Question } from '../../../core/question.ts'

/** What asks, and where its forms stand. */
export interface Asked {
  readonly instance: Instance
  readonly place: 'card' | 'pane'
  readonly at: RenderContext
}

/** Names the question, so that the answer reaches no other. */
export const Hidden: FC<{ question: Question }> = ({ question }) => (
  <input type="hidden" name="question" value={question.id} />
)

/** A button that gives an answer, and says that the tap was heard. */
export const AnswerButton: FC<{
  name: string
  value: string
  class?: string
  label?: string
  children?: Child
}> = ({ name, value, class: className = '', label, children }) => (
  <button class={`button ${className}`} name={name} value={value} aria-label={label}>
    {children}
  </button>
)
