// The change that a tool would make to a file, as lines with marks.
import type { FC } from 'hono/jsx'
import type { FileChange } from '../../../core/question.ts'

// As many lines as one reads before a tap; the agent's own screen has the rest.
const linesMax = 200

/** Lines that go and lines that come, each with its mark; colours only repeat the marks. */
export const ChangeBox: FC<{ change: FileChange }> = ({ change: { before, after } }) => {
  const lines = [...marked('−', before ?? ''), ...marked('+', after)]
  return (
    <pre class="change" tabindex={0} role="group" aria-label="The change">
      <code>
        {lines.slice(0, linesMax).map(({ mark, text }) => (
          <span class={mark === '+' ? 'added' : 'removed'}>{`${mark} ${text}\n`}</span>
        ))}
        {lines.length > linesMax ? `and ${lines.length - linesMax} more lines` : null}
      </code>
    </pre>
  )
}

function marked(mark: string, text: string): { mark: string; text: string }[] {
  return text === '' ? [] : text.split('\n').map((line) => ({ mark, text: line }))
}
