// What stands around the cards and changes while a page is open: the cap, the notices, the foreign
// sessions. Each carries its id and its rev.
import type { FC } from 'hono/jsx'
import type { Cap, ForeignSession, Notice } from '../../core/instance.ts'
import type { RenderContext } from './render-context.ts'
import { Age, Command, Prose } from './parts.tsx'

/** How many of how many; full is said in words, too. */
export const CapCount: FC<{ cap: Cap; at: RenderContext }> = ({ cap, at }) => (
  <p id="cap" data-rev={at.rev} data-full={cap.used >= cap.max}>
    <b>{cap.used}</b> of <b>{cap.max}</b>
    <span class="wide">{cap.used >= cap.max ? ' running, full' : ' running'}</span>
  </p>
)

/** What the operator should know about this lab as a whole. */
export const Notices: FC<{ notices: readonly Notice[]; at: RenderContext }> = ({ notices, at }) => (
  <div id="notices" data-rev={at.rev} role="status">
    {notices.map(({ code, message, commands = [] }) => (
      <div class="notice" data-notice={code}>
        <p>
          <Prose text={message} />
        </p>
        {commands.map((command) => (
          <Command text={command} />
        ))}
      </div>
    ))}
  </div>
)

/** Sessions that others made on lab's tmux server: seen, never touched, so without buttons. */
export const Foreign: FC<{ foreign: readonly ForeignSession[]; at: RenderContext }> = ({
  foreign,
  at,
}) => (
  <section id="foreign" class="foreign" data-rev={at.rev} hidden={foreign.length === 0}>
    <h2>Other tmux sessions</h2>
    <p>They run on the same tmux server. lab did not start them and leaves them alone.</p>
    <ul>
      {foreign.map(({ name, attached, createdAt }) => (
        <li>
          <code>{name}</code>
          <span>
            {attached > 0 ? `${attached} attached, ` : null}
            <Age since={createdAt} at={at} />
          </span>
        </li>
      ))}
    </ul>
  </section>
)
