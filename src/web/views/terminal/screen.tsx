// The screen of an agent: rows of text in the 256 colours of a terminal, dark in both themes.
import type { FC } from 'hono/jsx'
import type { Screen } from '../../../core/input/message.ts'
import { styledRows } from './sgr.ts'

/** The rows; each run of text in its classes, and nothing that is not text. */
const Rows: FC<{ screen: Screen }> = ({ screen }) => (
  <>
    {styledRows(screen.rows).map((runs) => (
      <span class="line">
        {runs.map(({ text, classes }) =>
          classes === '' ? text : <span class={classes}>{text}</span>,
        )}
        {'\n'}
      </span>
    ))}
  </>
)

/** The screen with its last picture. A stream draws the later ones; what draws the page around it leaves it alone. */
export const ScreenBox: FC<{
  id: string
  title: string
  screen: Screen | null
  wraps: boolean
}> = ({ id, title, screen, wraps }) => (
  <pre
    id={`screen-${id}`}
    class={wraps ? 'terminal wraps' : 'terminal'}
    tabindex={0}
    role="region"
    aria-label={`Screen of ${title}`}
    hx-morph-skip
  >
    {screen === null ? null : <Rows screen={screen} />}
  </pre>
)

/** A later picture of it. */
export const ScreenPartial: FC<{ id: string; screen: Screen }> = ({ id, screen }) => (
  <hx-partial hx-target={`#screen-${id}`} hx-swap="innerMorph">
    <Rows screen={screen} />
  </hx-partial>
)
