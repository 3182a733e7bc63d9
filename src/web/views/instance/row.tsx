// One instance as a row, the same in the page, in a form's answer and in the stream.
import type { FC } from 'hono/jsx'
import { isLive, tmuxUnreadable, type Instance } from '../../../core/instance.ts'
import { EvidenceBox } from './evidence.tsx'
import type { RenderContext } from '../render-context.ts'
import { Age, Command, Prose, StateIcon, Title } from '../parts.tsx'
import { RowForm } from './row-form.tsx'
import { shellText } from '../../../core/text.ts'
import { OpenAction } from './open-action.tsx'
import { bytesText, isOverdue, titleOf, wordOf } from '../words.ts'

/** The row of an instance that is live or died. */
export const InstanceRow: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => (
  <li
    id={`i-${instance.id}`}
    class="row"
    data-instance={instance.name}
    data-id={instance.id}
    data-state={instance.state}
    data-overdue={isOverdue(instance) || undefined}
    data-rev={at.rev}
    tabindex={-1}
  >
    <span class="badge">
      <StateIcon state={instance.state} />
    </span>
    <div class="who">
      <div class="head">
        <strong class="title" data-find>
          <Title of={instance} />
        </strong>
        <Memory instance={instance} />
      </div>
      <Status instance={instance} at={at} />
      <Moved instance={instance} />
    </div>
    {isLive(instance.state) ? <LiveActions instance={instance} at={at} /> : null}
    <Doubt instance={instance} />
    {instance.evidence ? <EvidenceBox instance={instance} evidence={instance.evidence} /> : null}
  </li>
)

/** Takes a row off the page, and keeps an older rendering from bringing it back. */
export const GoneRow: FC<{ id: string; at: RenderContext }> = ({ id, at }) => (
  <li id={`i-${id}`} data-rev={at.rev} data-gone />
)

// What is true of all rows stands in the notice.
const Doubt: FC<{ instance: Instance }> = ({ instance: { unknownBecause } }) =>
  unknownBecause === null || unknownBecause === tmuxUnreadable ? null : (
    <div class="evidence">
      <div class="verdict">
        <p>
          <Prose text={unknownBecause} />
        </p>
      </div>
    </div>
  )

// Always there, so that the title does not break anew when the first measure comes.
const Memory: FC<{ instance: Instance }> = ({ instance }) => (
  <span class="memory" title="Memory">
    {instance.memoryBytes === null ? null : bytesText(instance.memoryBytes)}
  </span>
)

/** Says that the folder is not any more where the card has it. */
const Moved: FC<{ instance: Instance }> = ({ instance: { workspace } }) =>
  workspace.moved === null ? null : workspace.moved.to === null ? (
    <p class="moved">
      The folder was removed. The agent still runs, and what it writes there is lost.
    </p>
  ) : (
    <p class="moved">
      The folder was renamed or moved, and is now <code>{workspace.moved.to}</code>. The agent still
      runs in it. To resume it later, put the folder back at <code>{workspace.path}</code>.
    </p>
  )

/** One line, whatever it says: what does not fit is cut, the name first. */
const Status: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => (
  <p class="status">
    <span class="word">{wordOf(instance)}</span>
    {instance.state === 'waiting' && instance.waitingFor !== null ? (
      <span class="for">{instance.waitingFor}</span>
    ) : null}
    {instance.background && instance.state === 'ready' ? (
      <span class="background">background command</span>
    ) : null}
    {instance.isBlank ? (
      <span class="background" title="Claude no longer had the earlier conversation.">
        blank conversation
      </span>
    ) : null}
    <LinkWord instance={instance} />
    {/* How long the last known state has lasted says nothing of one that is not known. */}
    {instance.state === 'unknown' ? null : (
      <span class="age">
        <Age since={instance.since} at={at} />
      </span>
    )}
    {instance.label === null ? null : (
      <code class="name" data-find>
        {instance.name}
      </code>
    )}
  </p>
)

const LinkWord: FC<{ instance: Instance }> = ({ instance: { state, linkState } }) =>
  isLive(state) && linkState === 'lost' ? (
    <span class="link lost">link lost</span>
  ) : isLive(state) && linkState === 'unavailable' ? (
    <span
      class="link"
      title="Claude gave this instance no link. Look for it in the list of claude.ai."
    >
      no link
    </span>
  ) : null

const LiveActions: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => (
  <div class="actions">
    <OpenAction instance={instance} />
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

const Menu: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => (
  <details class="menu" name="menu" id={`m-${instance.id}`}>
    <summary class="button" aria-label={`More about ${titleOf(instance)}`}>
      <svg class="icon dots" viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 8h.01M8 8h.01M13 8h.01" />
      </svg>
    </summary>
    <div class="panel">
      <p>Attach a terminal</p>
      <Command text={shellText(instance.attach)} />
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
