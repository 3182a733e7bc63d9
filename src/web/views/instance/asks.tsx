// The questions of AskUserQuestion: one alone is answered by a tap, several together by one form.
import type { FC } from 'hono/jsx'
import type { Ask, Question } from '../../../core/question.ts'
import { titleOf } from '../words.ts'
import { AnswerButton, Hidden, type Asked } from './answer-parts.tsx'
import { RowForm } from './row-form.tsx'

type Props = Asked & { readonly question: Question }

/** One question, or several. */
export const Asks: FC<Props> = (props) => {
  const [first, ...others] = props.question.asks
  if (first === undefined) return null
  return others.length === 0 && !first.isMultiple ? (
    <One {...props} ask={first} />
  ) : (
    <Several {...props} />
  )
}

const One: FC<Props & { ask: Ask }> = ({ instance, place, question, ask }) => {
  const key = `${place}-${instance.id}`
  return (
    <>
      <p class="what">{ask.text}</p>
      <RowForm instance={instance} verb="answer" place={place} class="answer">
        <Hidden question={question} />
        {ask.options.map(({ label, description }) => (
          <AnswerButton name="ask-0" value={label} class="wide">
            <span>{label}</span>
            {description === '' ? null : <small>{description}</small>}
          </AnswerButton>
        ))}
      </RowForm>
      <RowForm instance={instance} verb="answer" place={place} name="text" class="say">
        <Hidden question={question} />
        <input
          id={`say-${key}`}
          name="text"
          placeholder="Another answer"
          aria-label={`Another answer to ${titleOf(instance)}`}
          autocomplete="off"
          enterkeyhint="send"
          required
        />
        <button class="button">Answer</button>
      </RowForm>
    </>
  )
}

const Several: FC<Props> = ({ instance, place, question }) => (
  <RowForm instance={instance} verb="answer" place={place} class="answer">
    <Hidden question={question} />
    {question.asks.map((ask, i) => (
      <fieldset>
        <legend>{ask.text}</legend>
        {ask.options.map(({ label, description }) => (
          <label class="option">
            <input type={ask.isMultiple ? 'checkbox' : 'radio'} name={`ask-${i}`} value={label} />
            <span>
              {label}
              {description === '' ? null : <small>{description}</small>}
            </span>
          </label>
        ))}
        <input
          id={`say-${place}-${instance.id}-${i}`}
          name={`ask-${i}`}
          placeholder="Another answer"
          aria-label={`Another answer to: ${ask.text}`}
          autocomplete="off"
        />
      </fieldset>
    ))}
    <button class="button primary" aria-label={`Answer ${titleOf(instance)}`}>
      <span class="idle">Answer</span>
      <span class="pending">Answering…</span>
    </button>
  </RowForm>
)
