// The one button of a row that leads to its agent: the link, or what stands in its way and what to do.
import type { Child, FC } from 'hono/jsx'
import { sessionListUrl } from '../../../core/deep-link.ts'
import { isStartDialog, type StartDialog } from '../../../core/dialogs.ts'
import type { Instance } from '../../../core/instance.ts'
import { shellText } from '../../../core/text.ts'
import { Command } from '../parts.tsx'
import { RowForm } from './row-form.tsx'
import { titleOf } from '../words.ts'

// claude.ai cannot show these dialogs, so the operator answers them in a terminal.
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

/** Takes the same room whatever it says. */
export const OpenAction: FC<{ instance: Instance }> = ({ instance }) => {
  const { state, waitingFor, linkState, deepLink } = instance
  const title = titleOf(instance)
  const link = linkState === 'linked' && deepLink?.startsWith('https://') ? deepLink : null
  if (state === 'waiting' && (link === null || isStartDialog(waitingFor)))
    return <Answer instance={instance} link={link} />
  if (link !== null)
    return <ExternalLink href={link} label={`Open in claude.ai: ${title}`} text="Open" />
  if (linkState === 'lost') return <Lost instance={instance} />
  if (linkState === 'unavailable')
    return <ExternalLink href={sessionListUrl} label={`Find in claude.ai: ${title}`} text="Find" />
  return <span class="button open">Getting its link…</span>
}

const ExternalLink: FC<{ href: string; label: string; text: string }> = (props) => (
  <a
    class="button open"
    href={props.href}
    target="_blank"
    rel="noopener noreferrer"
    aria-label={props.label}
  >
    <span>
      {props.text}
      <span class="wide"> in claude.ai</span>
    </span>
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M5 11 11 5M6 5h5v5" />
    </svg>
  </a>
)

const Disclosure: FC<{ id: string; word: string; label: string; children?: Child }> = (props) => (
  <details class="menu way" name="menu" id={props.id}>
    <summary class="button open" aria-label={props.label}>
      <span>{props.word}</span>
      <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />
      </svg>
    </summary>
    {props.children}
  </details>
)

const Answer: FC<{ instance: Instance; link: string | null }> = ({ instance, link }) => {
  const { id, waitingFor, attach, linkState } = instance
  const asks = isStartDialog(waitingFor) ? dialogTexts[waitingFor] : null
  return (
    <Disclosure id={`a-${id}`} word="Answer" label={`Answer ${titleOf(instance)}`}>
      <div class="panel">
        <p>
          {asks ?? `Claude waits for you: ${waitingFor ?? 'your answer'}.`} Attach a terminal and
          answer there.
        </p>
        <Command text={shellText(attach)} />
        {link === null ? null : (
          <ExternalLink
            href={link}
            label={`Or open in claude.ai: ${titleOf(instance)}`}
            text="Or open"
          />
        )}
        {linkState === 'lost' ? <Restart instance={instance} /> : null}
      </div>
    </Disclosure>
  )
}

/** Only while lab can see the instance: a new start would be refused. */
const Lost: FC<{ instance: Instance }> = ({ instance }) =>
  instance.state === 'unknown' || instance.state === 'stopping' ? (
    <span class="button open">Link lost</span>
  ) : (
    <Disclosure
      id={`r-${instance.id}`}
      word="Restart"
      label={`The link is lost: restart ${titleOf(instance)}`}
    >
      <div class="panel">
        <Restart instance={instance} />
      </div>
    </Disclosure>
  )

const Restart: FC<{ instance: Instance }> = ({ instance }) => (
  <RowForm instance={instance} verb="resume" class="ask">
    <p>
      The link to claude.ai is lost. A restart of the agent gets a new one. It cuts off what the
      agent does now and keeps its conversation.
    </p>
    <button class="button primary">
      <span class="idle">Restart for a new link</span>
      <span class="pending">Restarting…</span>
    </button>
  </RowForm>
)
