// One instance as a row, the same in the page, in a form's answer and in the stream.
import type { Child, FC } from 'hono/jsx'
import { isLive, type Evidence, type Instance, type ShownState } from '../../core/instance.ts'
import type { Moment } from './moment.ts'
import { Age, StateIcon } from './parts.tsx'

/** What the operator calls an instance: its label, or else its name. */
export function titleOf({ label, name }: Instance): string {
  return label ?? name
}

/** Whether the page shows a row for it: live, or ended in a way that somebody should see. */
export function isShown({ state }: Instance): boolean {
  return isLive(state) || state === 'error'
}

const words: Record<ShownState, string> = {
  starting: 'Starting',
  ready: 'Ready',
  busy: 'Busy',
  waiting: 'Waiting',
  stopping: 'Stopping',
  stopped: 'Stopped',
  error: 'Died',
  limited: 'Limited',
  stalled: 'Stalled',
  unknown: 'Unknown',
}

/** The state as a word. */
export function wordOf({ state, evidence }: Instance): string {
  return evidence?.reason === 'start_failed' ? 'Did not start' : words[state]
}

/** The row of a shown instance, or the mark that takes it off the page. */
export const InstanceRow: FC<{ instance: Instance; at: Moment }> = ({ instance, at }) =>
  isShown(instance) ? (
    <li
      id={`i-${instance.id}`}
      class="row"
      data-instance={instance.name}
      data-id={instance.id}
      data-state={instance.state}
      data-rev={at.rev}
      tabindex={-1}
    >
      <span class="badge">
        <StateIcon state={instance.state} />
      </span>
      <div class="who">
        <strong class="title" data-find>
          {titleOf(instance)}
        </strong>
        <p class="status">
          <span class="word">{wordOf(instance)}</span>
          {instance.waitingFor === null ? null : <span class="for">{instance.waitingFor}</span>}
          {instance.linkState === 'unavailable' && isLive(instance.state) ? (
            <span>no link of its own came</span>
          ) : null}
          <span>
            <Age since={instance.since} at={at} />
          </span>
          {instance.label === null ? null : (
            <code class="name" data-find>
              {instance.name}
            </code>
          )}
        </p>
      </div>
      {isLive(instance.state) ? <LiveActions instance={instance} at={at} /> : null}
      {instance.evidence && !isLive(instance.state) ? (
        <EvidenceBox instance={instance} evidence={instance.evidence} />
      ) : null}
    </li>
  ) : (
    <GoneRow id={instance.id} at={at} />
  )

/** Takes a row off the page, and keeps an older rendering from bringing it back. */
export const GoneRow: FC<{ id: string; at: Moment }> = ({ id, at }) => (
  <li id={`i-${id}`} data-rev={at.rev} data-gone />
)

const LiveActions: FC<{ instance: Instance; at: Moment }> = ({ instance, at }) => (
  <div class="actions">
    <DeepLink instance={instance} />
    <Menu instance={instance} at={at} />
    <RowForm instance={instance} verb="stop">
      {instance.state === 'stopping' ? (
        <button class="button stop" aria-disabled="true">
          Stopping…
        </button>
      ) : (
        <button class="button stop" aria-label={`Stop ${titleOf(instance)}`}>
          <span class="idle">Stop</span>
          <span class="pending">Stopping…</span>
        </button>
      )}
    </RowForm>
  </div>
)

const RowForm: FC<{ instance: Instance; verb: 'stop' | 'dismiss'; children?: Child }> = (props) => {
  const action = `/instances/${props.instance.id}/${props.verb}`
  return (
    <form
      method="post"
      action={action}
      hx-post={action}
      hx-target={`#msg-${props.instance.project}`}
      hx-sync="this:drop"
    >
      {props.children}
    </form>
  )
}

const listPage = 'https://claude.ai/code'

const DeepLink: FC<{ instance: Instance }> = ({ instance }) => {
  const { linkState, deepLink } = instance
  const title = titleOf(instance)
  if (linkState === 'linked' && deepLink?.startsWith('https://'))
    return <Away href={deepLink} label={`Open ${title} in claude.ai`} text="Open" />
  if (linkState === 'unavailable')
    return (
      <Away href={listPage} label={`Open the list in claude.ai to find ${title}`} text="List" />
    )
  return <span class="button open">{linkState === 'lost' ? 'Link lost' : 'Connecting…'}</span>
}

const Away: FC<{ href: string; label: string; text: string }> = (props) => (
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

/** Joins an argument vector into what a shell reads back as the same words. */
export function shellText(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}

const Menu: FC<{ instance: Instance; at: Moment }> = ({ instance, at }) => (
  <details class="menu" name="menu" id={`m-${instance.id}`}>
    <summary class="button" aria-label={`More about ${titleOf(instance)}`}>
      <svg class="icon dots" viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 8h.01M8 8h.01M13 8h.01" />
      </svg>
    </summary>
    <div class="panel">
      <p>Attach a terminal</p>
      <div class="copy">
        <code>{shellText(instance.attach)}</code>
        <button type="button" class="button" data-copy>
          Copy
        </button>
      </div>
      <dl>
        <dt>Session</dt>
        <dd>
          <code>{instance.name}</code>
          {instance.attached > 0 ? `, ${instance.attached} attached` : null}
        </dd>
        <dt>Folder</dt>
        <dd>
          <code>{instance.workspace.path}</code>
        </dd>
        {instance.model === null ? null : (
          <>
            <dt>Model</dt>
            <dd>{instance.model}</dd>
          </>
        )}
        <dt>Running</dt>
        <dd>
          <Age since={instance.createdAt} at={at} />
        </dd>
      </dl>
    </div>
  </details>
)

const EvidenceBox: FC<{ instance: Instance; evidence: Evidence }> = ({ instance, evidence }) => {
  const { message, signal, exitCode, lastLines } = evidence
  const exit = signal ?? (exitCode === null ? null : `exit status ${exitCode}`)
  return (
    <div class="evidence">
      <div class="verdict">
        <p>
          {message} {exit === null || message.includes(exit) ? null : <code>{exit}</code>}
        </p>
        <RowForm instance={instance} verb="dismiss">
          <button class="button" aria-label={`Dismiss ${titleOf(instance)}`}>
            Dismiss
          </button>
        </RowForm>
      </div>
      {lastLines.length === 0 ? null : (
        <pre tabindex={0} role="region" aria-label={`Last lines of ${titleOf(instance)}`}>
          <code>{lastLines.join('\n')}</code>
        </pre>
      )}
    </div>
  )
}
