// One instance as a row, the same in the page, in a form's answer and in the stream.
import type { FC } from 'hono/jsx'
import { isLive, isOpen, type Instance } from '../../../core/instance.ts'
import type { RenderContext } from '../render-context.ts'
import { Age, StateIcon, Title } from '../parts.tsx'
import { PaneLink } from '../pane/link.tsx'
import { RowForm } from './row-form.tsx'
import { OpenIcon } from './open-action.tsx'
import { isOverdue, restOf, titleOf, wordOf } from '../words.ts'

// As long as one may still want to take a stop back.
const undoMs = 10_000

/** Whether an instance has a row now: it is open, or its stop can be taken back from there. */
export function hasRow(instance: Instance, at: RenderContext): boolean {
  if (isOpen(instance)) return true
  const until = Date.parse(instance.endedAt ?? '') + undoMs
  if (instance.state !== 'stopped' || instance.dismissed || !(until > at.now)) return false
  at.until = Math.min(at.until, until)
  return true
}

/** The row: a tap on it leads to the instance's page, except on the button at its end. */
export const InstanceRow: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => (
  <li
    id={`i-${instance.id}`}
    class="row"
    data-instance={instance.name}
    data-id={instance.id}
    data-state={instance.state}
    data-overdue={isOverdue(instance) || undefined}
    data-unread={instance.unread || undefined}
    data-branch={instance.workspace.branch ?? undefined}
    data-rev={at.rev}
    tabindex={-1}
  >
    <span class="badge">
      <StateIcon state={instance.state} />
    </span>
    <PaneLink class="look" href={`/instances/${instance.id}`}>
      <div class="head">
        <h3 class="title" data-find>
          <Title of={instance} />
        </h3>
        {instance.label === null ? null : <small class="in">{instance.project}</small>}
      </div>
      <Status instance={instance} at={at} />
    </PaneLink>
    {isLive(instance.state) ? (
      <OpenIcon instance={instance} at={at} />
    ) : instance.state === 'stopped' ? (
      <Undo instance={instance} />
    ) : null}
  </li>
)

/** What a row shows, as a text to compare: most changes of an instance, such as its memory, are not in it. */
export function rowText(instance: Instance): string {
  const { name, label, project, state, since, endedAt, dismissed, linkState, deepLink } = instance
  const { workspace, unread, limitedUntil, continuesByItself } = instance
  const words = [wordOf(instance), ...restOf(instance), isOverdue(instance)]
  const facts = [
    name,
    label,
    project,
    state,
    since,
    endedAt,
    dismissed,
    linkState,
    deepLink,
    unread,
    limitedUntil,
    continuesByItself,
  ]
  return JSON.stringify([facts, workspace.branch, words])
}

/** Takes a row off the page, and keeps an older rendering from bringing it back. */
export const GoneRow: FC<{ id: string; at: RenderContext }> = ({ id, at }) => (
  <li id={`i-${id}`} data-rev={at.rev} data-gone />
)

/** One line, whatever it says: what does not fit is cut. */
export const Status: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const rest = restOf(instance)
  return (
    <span class="status">
      <span class="word">{wordOf(instance)}</span>
      {/* How long the last known state has lasted says nothing of one that is not known. */}
      {instance.state === 'unknown' ? null : (
        <span class="age">
          {' '}
          <Age since={instance.endedAt ?? instance.since} at={at} />
        </span>
      )}
      <Limit instance={instance} />
      {rest.length === 0 ? null : <span class="rest"> · {rest.join(' · ')}</span>}
    </span>
  )
}

// lab.js tells the time in the clock of the phone.
const Limit: FC<{ instance: Instance }> = ({ instance: { limitedUntil, continuesByItself } }) =>
  !continuesByItself ? null : (
    <span class="rest">
      {' · continues by itself'}
      {limitedUntil === null ? null : (
        <>
          {' at '}
          <time datetime={limitedUntil} data-clock>
            {limitedUntil.slice(11, 16)}
          </time>
        </>
      )}
    </span>
  )

const Undo: FC<{ instance: Instance }> = ({ instance }) => (
  <RowForm instance={instance} verb="resume" place="row" class="undo">
    <button class="button resume" aria-label={`Resume ${titleOf(instance)}`}>
      <span class="idle">Resume</span>
      <span class="pending">Resuming…</span>
    </button>
  </RowForm>
)
