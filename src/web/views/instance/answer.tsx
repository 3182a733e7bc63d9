// What a waiting instance asks, and the forms that answer it. Each form carries the question's id, so that
// an answer never reaches another question.
import type { FC } from 'hono/jsx'
import { isStartDialog, type StartDialog } from '../../../core/dialogs.ts'
import { destructiveText, type Choice, type Question } from '../../../core/question.ts'
import { shellText } from '../../../core/text.ts'
import { PaneLink } from '../pane/link.tsx'
import { Command, Dots } from '../parts.tsx'
import { titleOf } from '../words.ts'
import { AnswerButton, Hidden, type Asked } from './answer-parts.tsx'
import { Asks } from './asks.tsx'
import { ChangeBox } from './change.tsx'
import { OpenButton } from './open-action.tsx'
import { RowForm } from './row-form.tsx'

const dialogTexts: Readonly<Record<StartDialog, string>> = {
  trust: 'Claude asks whether it may trust this folder.',
  'MCP approval': 'Claude asks which MCP servers of this project it may use.',
  'CLAUDE.md imports': 'Claude asks whether CLAUDE.md may import files from outside this folder.',
  'API key': 'Claude asks whether to use the API key in its environment.',
  login: 'Claude asks you to log in.',
  onboarding: 'Claude asks its first questions.',
  'resume picker': 'Claude asks how to resume the conversation.',
  'bypass permissions': 'Claude asks whether it may work without asking for permissions.',
  'managed settings': 'Claude asks you to approve the settings that your organisation manages.',
}

/** The question in words, and a button for each of its answers. */
export const AnswerForms: FC<Asked> = (props) => {
  const { instance, place } = props
  const { question } = instance
  if (question === null) return <Unseen {...props} />
  return (
    <>
      {place === 'pane' ? <p class="wants">{question.title}</p> : null}
      <Detail question={question} place={place} />
      {place === 'pane' && question.change ? <ChangeBox change={question.change} /> : null}
      {!question.answerable ? (
        <Unseen {...props} />
      ) : question.kind === 'permission' ? (
        <Permission {...props} question={question} />
      ) : question.asks.length > 0 ? (
        <Asks {...props} question={question} />
      ) : (
        <Choices {...props} question={question} />
      )}
    </>
  )
}

/** On a card two lines of it; the questions of AskUserQuestion stand with their options. */
const Detail: FC<{ question: Question; place: Asked['place'] }> = ({ question, place }) => {
  const { kind, detail, asks } = question
  if (detail === '' || asks.length > 0) return null
  if (kind === 'permission' || place === 'pane')
    return (
      <pre class="what" tabindex={place === 'pane' ? 0 : undefined}>
        <code>{detail}</code>
      </pre>
    )
  return <p class="what">{detail}</p>
}

/** A question that lab cannot answer, or does not know: where the operator can. */
const Unseen: FC<Asked> = ({ instance, place, at }) => {
  const { waitingFor, attach, id } = instance
  const asks = isStartDialog(waitingFor) ? dialogTexts[waitingFor] : null
  return (
    <>
      {instance.question === null ? (
        <p class="wants">{asks ?? `Claude waits for you: ${waitingFor ?? 'your answer'}.`}</p>
      ) : null}
      {place === 'pane' ? (
        <>
          <p>Answer it in a terminal:</p>
          <Command text={shellText(attach)} />
        </>
      ) : (
        <div class="answers">
          <PaneLink
            class="button"
            href={`/instances/${id}`}
            label={`How to answer: ${titleOf(instance)}`}
          >
            How to answer
          </PaneLink>
          {asks === null ? <OpenButton instance={instance} at={at} /> : null}
        </div>
      )}
    </>
  )
}

const Permission: FC<Asked & { question: Question }> = (props) => {
  const { instance, place, question } = props
  const title = titleOf(instance)
  const key = `${place}-${instance.id}`
  const sure = destructiveText(question, instance.workspace.path)
  const allow = (
    <AnswerButton name="choice" value="allow" class="primary" label={`Allow once: ${title}`}>
      Allow once
    </AnswerButton>
  )
  return (
    <RowForm instance={instance} verb="answer" place={place} class="answer">
      <Hidden question={question} />
      <div class="answers">
        <AnswerButton name="choice" value="deny" label={`No: ${title}`}>
          No
        </AnswerButton>
        {sure === null ? (
          allow
        ) : (
          <button
            type="button"
            class="button primary"
            popovertarget={`sure-${key}`}
            aria-label={`Allow once: ${title}`}
          >
            Allow once
          </button>
        )}
        <button
          type="button"
          class="button more"
          popovertarget={`more-${key}`}
          aria-label={`More answers: ${title}`}
        >
          <Dots />
        </button>
      </div>
      {sure === null ? null : (
        <div popover="auto" id={`sure-${key}`} class="sheet" role="dialog" aria-label="Really?">
          <p>
            Really {sure}? <span class="soft">In {instance.project}.</span>
          </p>
          <div class="answers">
            <button type="button" class="button" popovertarget={`sure-${key}`}>
              Keep
            </button>
            {allow}
          </div>
        </div>
      )}
      <More {...props} />
    </RowForm>
  )
}

/** The other answers to a permission, and the reason of a denial. */
const More: FC<Asked & { question: Question }> = ({ instance, place, question, at }) => {
  const others = question.choices.filter(({ id }) => id !== 'allow' && id !== 'deny')
  const key = `${place}-${instance.id}`
  return (
    <div popover="auto" id={`more-${key}`} class="sheet" role="dialog" aria-label="More answers">
      <pre class="whole" tabindex={0}>
        <code>{question.detail}</code>
      </pre>
      {question.change && place === 'card' ? <ChangeBox change={question.change} /> : null}
      <ChoiceButtons choices={others} />
      <label for={`why-${key}`}>What Claude should do instead</label>
      <textarea id={`why-${key}`} name="text" rows={2} />
      <AnswerButton name="choice" value="deny">
        No, and tell Claude
      </AnswerButton>
      <OpenButton instance={instance} at={at} />
    </div>
  )
}

const ChoiceButtons: FC<{ choices: readonly Choice[] }> = ({ choices }) => (
  <>
    {choices.map(({ id, label }) => (
      <AnswerButton name="choice" value={id} class="wide">
        {label}
      </AnswerButton>
    ))}
  </>
)

/** The choices of a plan or a dialog, in Claude's own words. */
const Choices: FC<Asked & { question: Question }> = ({ instance, place, question }) => (
  <RowForm instance={instance} verb="answer" place={place} class="answer">
    <Hidden question={question} />
    <ChoiceButtons choices={question.choices} />
  </RowForm>
)
