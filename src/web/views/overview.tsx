// What stands around the cards and changes while a page is open: the cap, the strip of what needs the
// operator, the notices, the foreign sessions. Each carries its id and its rev.
import type { FC } from 'hono/jsx'
import type { Cap, ForeignSession, Instance, Notice } from '../../core/instance.ts'
import { titleOf, wordOf } from './instance.tsx'
import type { Moment } from './moment.ts'
import { Age, Prose, StateIcon } from './parts.tsx'

/** How many of how many; full is said in words, too. */
export const CapCount: FC<{ cap: Cap; at: Moment }> = ({ cap, at }) => (
  <p id="cap" data-rev={at.rev} data-full={cap.used >= cap.max}>
    <b>{cap.used}</b> of <b>{cap.max}</b>
    <span class="wide">{cap.used >= cap.max ? ' running, full' : ' running'}</span>
  </p>
)

/** The instances that need the operator: those that wait and those that died. */
export function needy(instances: readonly Instance[]): readonly Instance[] {
  return instances.filter(({ state }) => state === 'waiting' || state === 'error')
}

/** The strip is always there, at constant height. */
export const Needs: FC<{ instances: readonly Instance[]; at: Moment }> = ({ instances, at }) => {
  const list = needy(instances)
  return (
    <nav id="needs" class="needs" data-rev={at.rev} data-count={list.length} aria-label="Needs you">
      {list.length === 0 ? <p>Nothing needs you.</p> : null}
      <ul>
        {list.map((instance) => (
          <li id={`n-${instance.id}`} data-state={instance.state}>
            <a href={`#i-${instance.id}`}>
              <StateIcon state={instance.state} />
              <span>
                <b>{titleOf(instance)}</b>
                <span>{instance.waitingFor ?? wordOf(instance)}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

// The next command to type, where a notice has one.
const nextCommands: Readonly<Record<string, readonly string[]>> = {
  claude_missing: ['npm install -g @anthropic-ai/claude-code', 'claude auth login'],
  not_logged_in: ['claude auth login'],
}

/** What the operator should know about this lab as a whole. */
export const Notices: FC<{ notices: readonly Notice[]; at: Moment }> = ({ notices, at }) => (
  <div id="notices" data-rev={at.rev} role="status">
    {notices.map(({ code, message }) => (
      <div class="notice" data-notice={code}>
        <p>
          <Prose text={message} />
        </p>
        {(nextCommands[code] ?? []).map((command) => (
          <Command text={command} />
        ))}
      </div>
    ))}
  </div>
)

/** A command to copy and type. */
export const Command: FC<{ text: string }> = ({ text }) => (
  <div class="copy">
    <code>{text}</code>
    <button type="button" class="button" data-copy>
      Copy
    </button>
  </div>
)

/** Sessions that others made on lab's tmux server: seen, never touched, so without buttons. */
export const Foreign: FC<{ foreign: readonly ForeignSession[]; at: Moment }> = ({
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
