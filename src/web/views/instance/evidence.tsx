// Why an instance ended or does not come up, and what can be done about it.
import type { FC } from 'hono/jsx'
import { isLive, type Evidence, type Instance } from '../../../core/instance.ts'
import { Prose } from '../parts.tsx'
import { RowForm, type Place } from './row-form.tsx'
import { byText, causeText, exitText, titleOf } from '../words.ts'

// The word of the row says all of these, and so does the offer above it.
const saidByWord: Partial<Record<Evidence['reason'], string>> = {
  tmux_gone: 'The tmux server that it ran in is gone.',
  rebooted: 'The machine was restarted while it ran.',
}

/** The sentence, what the agent left, its last lines, and, once it has ended, the ways on. */
export const EvidenceBox: FC<{ instance: Instance; evidence: Evidence }> = (props) => {
  const { instance, evidence } = props
  const cause = causeText(instance)
  return (
    <section class="evidence" aria-label="Why it ended">
      {cause === null || cause === exitText(evidence) ? null : (
        <p class="cause">
          <code>{cause}</code>
        </p>
      )}
      {evidence.message === saidByWord[evidence.reason] ? null : (
        <p>
          <Prose text={evidence.message} /> <EndDetails evidence={evidence} />
        </p>
      )}
      {isLive(instance.state) ? null : <WaysOn instance={instance} place="pane" />}
      <LeftBehind instance={instance} />
      <LastScreen instance={instance} lines={evidence.lastLines} />
    </section>
  )
}

/** What the sentence does not say of an end: exit status or signal, and who asked for it. */
export const EndDetails: FC<{ evidence: Evidence }> = ({ evidence }) => {
  const exit = exitText(evidence)
  const by = byText(evidence.by)
  const isSaid = exit === null || evidence.message.includes(exit)
  return (
    <span class="by">
      {by}
      {by === null || isSaid ? null : ', '}
      {isSaid ? null : <code>{exit}</code>}
    </span>
  )
}

/** What an ended instance began and still runs, and the button that ends it. */
export const LeftBehind: FC<{ instance: Instance }> = ({ instance }) => {
  const own = instance.left.filter(({ servesOthers }) => !servesOthers)
  return instance.left.length === 0 ? null : (
    <div class="left">
      <p>Still running:</p>
      <ul>
        {instance.left.map(({ pid, command, servesOthers }) => (
          <li>
            <code>
              {pid} {command}
            </code>
            {servesOthers ? ' (it serves others, so lab leaves it alone)' : null}
          </li>
        ))}
      </ul>
      {own.length === 0 ? null : (
        <RowForm instance={instance} verb="end-left" place="pane">
          <button
            class="button stop"
            aria-label={`End ${own.length === 1 ? 'it' : 'these'}: what ${titleOf(instance)} left`}
          >
            <span class="idle">End {own.length === 1 ? 'it' : 'these'}</span>
            <span class="pending">Ending…</span>
          </button>
        </RowForm>
      )}
    </div>
  )
}

/** The buttons of an ended instance. */
export const WaysOn: FC<{ instance: Instance; place: Place }> = ({ instance, place }) => (
  <div class="ways">
    <RowForm instance={instance} verb="dismiss" place={place}>
      <button class="button" aria-label={`Dismiss ${titleOf(instance)}`}>
        Dismiss
      </button>
    </RowForm>
    <RowForm instance={instance} verb="resume" place={place}>
      <button class="button resume" aria-label={`Resume ${titleOf(instance)}`}>
        <span class="idle">Resume</span>
        <span class="pending">Resuming…</span>
      </button>
    </RowForm>
  </div>
)

/** What its screen said last: folded, as wide as it was, and its end first. */
export const LastScreen: FC<{ instance: Instance; lines: readonly string[] }> = (props) =>
  props.lines.length === 0 ? null : (
    <details id={`l-${props.instance.id}`} class="screen">
      <summary>Last screen</summary>
      <pre tabindex={0} role="region" aria-label={`Last screen of ${titleOf(props.instance)}`}>
        <code>{props.lines.join('\n')}</code>
      </pre>
    </details>
  )
