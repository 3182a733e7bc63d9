// The first tab of an instance's page: its screen, what was said before, and what can be typed into it.
import type { FC } from 'hono/jsx'
import type { SaidPage, Screen } from '../../../core/input/message.ts'
import type { Instance } from '../../../core/instance.ts'
import { printable } from '../../../core/text.ts'
import { RowForm } from '../instance/row-form.tsx'
import { ScreenBox } from '../terminal/screen.tsx'
import { titleOf } from '../words.ts'
import { PaneLink } from './link.tsx'

/** What the route read for the tab that it shows. */
export interface Looked {
  readonly screen?: Screen | null
  readonly wraps?: boolean
  readonly said?: SaidPage
}

/** The screen of a live instance. */
export const ScreenTab: FC<{ instance: Instance; looked: Looked }> = ({ instance, looked }) => {
  const { screen = null, wraps = false } = looked
  const here = `/instances/${instance.id}`
  return (
    <section class="peek" aria-label="Screen and input">
      <ScreenBox id={instance.id} title={titleOf(instance)} screen={screen} wraps={wraps} />
      <p class="soft" hx-morph-skip id={`views-${instance.id}`}>
        <PaneLink href={wraps ? here : `${here}?wrap=1`}>
          {wraps ? 'Do not wrap lines' : 'Wrap lines'}
        </PaneLink>
        {' · '}
        <PaneLink href={`${here}/said`}>What was said before</PaneLink>
      </p>
      <SendForm instance={instance} />
      <KeysForm instance={instance} />
    </section>
  )
}

/** Types a text into the prompt. A refusal leaves the text in place. */
export const SendForm: FC<{ instance: Instance }> = ({ instance }) => (
  <div id={`say-${instance.id}`} class="send" hx-morph-skip>
    <RowForm instance={instance} verb="input" place="pane">
      <label for={`text-${instance.id}`}>Say something</label>
      <textarea id={`text-${instance.id}`} name="text" rows={2} required />
      <button class="button primary" aria-label={`Send to ${titleOf(instance)}`}>
        <span class="idle">Send</span>
        <span class="pending">Sending…</span>
      </button>
    </RowForm>
  </div>
)

// What gets an operator with a phone through a dialog. The API takes more keys. A name begins with what is
// shown, for those who say what they want to tap.
const keys: readonly (readonly [key: string, shown: string, name: string])[] = [
  ['Escape', 'esc', 'esc, Escape'],
  ['Up', '↑', 'Up'],
  ['Down', '↓', 'Down'],
  ['Enter', '⏎', 'Enter'],
  ['Tab', 'tab', 'Tab'],
  ['Space', 'space', 'Space'],
  ['C-c', 'ctrl-c', 'ctrl-c, which interrupts'],
  ['C-u', 'ctrl-u', 'ctrl-u, which clears a line of the prompt'],
]

const KeysForm: FC<{ instance: Instance }> = ({ instance }) => (
  <details id={`keys-${instance.id}`} class="keys" hx-morph-skip>
    <summary>Keys</summary>
    <RowForm instance={instance} verb="keys" place="pane" class="answers">
      {keys.map(([key, shown, name]) => (
        <button class="button" name="keys" value={key} aria-label={name}>
          {shown}
        </button>
      ))}
    </RowForm>
  </details>
)

/** A page of what was said, the latest message last. */
export const SaidTab: FC<{ instance: Instance; page: SaidPage | undefined }> = (props) => (
  // A stream that draws the page again has read no conversation, and leaves this one in place.
  <section id={`said-${props.instance.id}`} class="said" aria-label="What was said" hx-morph-skip>
    {props.page === undefined ? null : <Said instance={props.instance} page={props.page} />}
  </section>
)

const Said: FC<{ instance: Instance; page: SaidPage }> = ({ instance, page }) => (
  <>
    {page.before === null ? null : (
      <p>
        <PaneLink href={`/instances/${instance.id}/said?before=${page.before}`}>Earlier</PaneLink>
      </p>
    )}
    {page.messages.length === 0 ? <p class="soft">Nothing was said yet.</p> : null}
    {page.messages.map(({ at, who, text }) => (
      <article>
        <p class="soft">
          {who === 'user' ? 'You' : 'Claude'}
          {at === null ? null : (
            <>
              {' · '}
              <time datetime={at}>{at.slice(0, 16).replace('T', ' ')}</time>
            </>
          )}
        </p>
        <p class="words">{text.split('\n').map(printable).join('\n')}</p>
      </article>
    ))}
  </>
)
