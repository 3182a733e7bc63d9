// What stands around the cards and changes while a page is open: the cap, the notices, the foreign
// sessions. Each carries its id and its rev.
import type { FC } from 'hono/jsx'
import {
  isLive,
  type Cap,
  type ForeignSession,
  type Instance,
  type Notice,
} from '../../core/instance.ts'
import type { RenderContext } from './render-context.ts'
import { Age, Command, Prose } from './parts.tsx'

// More marks than this would not fit into the bar.
const marksMax = 24

/** What the bar says of the cap, as a text to compare. */
export function capText({ max, used }: Cap, instances: readonly Instance[]): string {
  return JSON.stringify([max, used, instances.map(({ state }) => state)])
}

/** How many of how many, in words, and a mark for each place under the cap, by state. */
export const CapCount: FC<{ cap: Cap; instances: readonly Instance[]; at: RenderContext }> = ({
  cap: { max, used },
  instances,
  at,
}) => {
  const states = instances.map(({ state }) => state).filter(isLive)
  const free = Math.max(0, max - states.length)
  return (
    <p id="cap" data-rev={at.rev} data-full={used >= max}>
      <span>
        <b>{used}</b> of <b>{max}</b> running{used >= max ? ', full' : null}
      </span>
      {max > marksMax ? null : (
        <span class="marks" aria-hidden="true">
          {states.map((state) => (
            <i data-mark={state} />
          ))}
          {Array.from({ length: free }, () => (
            <i data-mark="free" />
          ))}
        </span>
      )}
    </p>
  )
}

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
        {code === 'not_logged_in' ? <LogIn /> : null}
      </div>
    ))}
  </div>
)

/** Starts a login and leads to the page of it, also while one runs. */
const LogIn: FC = () => (
  <form method="post" action="/claude-login">
    <button class="button primary">Log Claude in</button>
  </form>
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
