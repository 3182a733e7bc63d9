// The small pieces every view is made of: icons, ages, prose with code in it, and htmx's partials.
import type { Child, FC } from 'hono/jsx'
import type { JSX } from 'hono/jsx/jsx-runtime'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Instance, ShownState } from '../../core/instance.ts'
import { ageText, ageUntil, type RenderContext } from './render-context.ts'
import { titleOf } from './words.ts'

/** Renders to the text that goes over the wire; no view here is asynchronous. */
export function htmlOf(node: JSX.Element): string {
  return (node as HtmlEscapedString).toString()
}

/**
 * A part of the page that travels alone: lab.js puts each child in place by its id, drops what is older
 * than what is shown, and appends to `into` what is new.
 */
export const Partial: FC<{ into: string; swap?: string; children?: Child }> = (props) => (
  <hx-partial hx-target={props.into} hx-swap={props.swap ?? 'fresh'}>
    {props.children}
  </hx-partial>
)

/** How long ago, kept fresh by lab.js. */
export const Age: FC<{ since: string; at: RenderContext }> = ({ since, at }) => {
  at.until = Math.min(at.until, ageUntil(since, at.now))
  return (
    <time datetime={since} data-age>
      {ageText(since, at.now)}
    </time>
  )
}

/** What the operator calls an instance; in whatever script, it leaves the text around it in order. */
export const Title: FC<{ of: Instance }> = (props) => <bdi>{titleOf(props.of)}</bdi>

/** A sentence whose `commands` stand in backticks. */
export const Prose: FC<{ text: string }> = ({ text }) => (
  <>{text.split('`').map((part, i) => (i % 2 === 1 ? <code>{part}</code> : part))}</>
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

/** Sends a form that was refused once more, and forces it. */
export const ForceButton: FC<{ form: string; verb: 'Start' | 'Resume' }> = ({ form, verb }) => (
  <button class="button" name="force" value="1" form={form}>
    {verb} anyway
  </button>
)

/** Sends a resume once more, with a blank conversation in place of the one that is gone. */
export const ResumeBlank: FC<{ form: string }> = ({ form }) => (
  <button class="button" name="blank" value="1" form={form}>
    Resume with a blank conversation
  </button>
)

/** Three dots: more of it. */
export const Dots: FC = () => (
  <svg class="icon dots" viewBox="0 0 16 16" aria-hidden="true">
    <path d="M3 8h.01M8 8h.01M13 8h.01" />
  </svg>
)

const shapes: Record<ShownState, Child> = {
  starting: <circle cx="8" cy="8" r="5.5" stroke-dasharray="3 2.76" />,
  ready: <path d="m3.5 8.5 3 3 6-7" />,
  busy: <path d="M8 2.5A5.5 5.5 0 1 1 2.5 8" />,
  waiting: <path d="M8 1.8 14.2 8 8 14.2 1.8 8zM8 5v3.4M8 10.6v.2" />,
  stopping: <path d="M4 4h8v8H4z" />,
  stopped: <path d="M4 4h8v8H4z" />,
  error: <path d="m4 4 8 8M12 4l-8 8" />,
  limited: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  stalled: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  unknown: <path d="M5.5 6a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.7-.9 1.4M8 12.3v.2" />,
}

// Of the whole icon: what moves within it is drawn anew by the page for every frame.
const motions: Partial<Record<ShownState, string>> = {
  starting: 'spin',
  busy: 'spin',
  stopping: 'fade',
}

/** A state's shape, for eyes that do not tell colours apart; the word always stands beside it. */
export const StateIcon: FC<{ state: ShownState }> = ({ state }) => (
  <svg
    class={['icon', motions[state]].filter(Boolean).join(' ')}
    viewBox="0 0 16 16"
    aria-hidden="true"
  >
    {shapes[state]}
  </svg>
)
