// What a card says after its question was answered.
import type { FC } from 'hono/jsx'
import type { Answer } from '../../../core/question.ts'
import { Partial } from '../parts.tsx'
import type { RenderContext } from '../render-context.ts'

const words: Readonly<Record<string, string>> = { allow: 'Allowed', deny: 'Denied' }

/** The word and the time, which lab.js tells in the clock of the phone. */
export const AnsweredLine: FC<{ line: string; answer: Answer; at: RenderContext }> = (props) => {
  const time = new Date(props.at.now).toISOString()
  return (
    <Partial into={`#${props.line}`} swap="innerHTML">
      <p class="answered">
        {words[props.answer.choice ?? ''] ?? 'Answered'} ·{' '}
        <time datetime={time} data-clock>
          {time.slice(11, 16)}
        </time>
      </p>
    </Partial>
  )
}
