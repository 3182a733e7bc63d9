// Reads the prompt at the bottom of Claude Code's screen, where text stands that is not submitted. Pure.

/** A styled line of a pane, as `capture-pane -e` prints it, without the line break. */
type StyledLine = string

// The prompt stands between two rules; a name may stand in the upper one. Its mark is followed by a no-break
// space, and the mark of a submitted prompt and of a dialog's option by a plain one.
const mark = '❯\u00a0'
const rule = /^─{8,}(?: .* ─+)?(?: *│)?$/

/**
 * The draft in the prompt: the lines that somebody typed, joined by line breaks. Empty when the prompt holds
 * nothing but Claude's dim suggestion; null when the screen shows no prompt, such as during a dialog.
 */
export function readDraft(screen: readonly StyledLine[]): string | null {
  const lines = screen.map(plain)
  const bottom = lines.findLastIndex((line) => rule.test(line))
  if (bottom < 1) return null
  const top = lines.findLastIndex((line, i) => i < bottom && rule.test(line))
  const first = lines[top + 1]
  if (top < 0 || first === undefined || !first.startsWith(mark)) return null
  const typed = screen.slice(top + 1, bottom).map((line) => plain(withoutDim(line)))
  return typed
    .map((line, i) => (i === 0 ? line.slice(mark.length) : line.replace(/^ {2}/, '')))
    .join('\n')
    .trim()
}

// oxlint-disable-next-line no-control-regex
const sgr = /\x1b\[([\d;:]*)m/g
// oxlint-disable-next-line no-control-regex
const otherSequences = /\x1b\[[\d;:?]*[A-Za-ln-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g

function plain(line: StyledLine): string {
  // Not trimEnd, which would remove the no-break space of the mark.
  return line.replace(sgr, '').replace(otherSequences, '').replace(/ +$/, '')
}

/**
 * The line without its suggestion. A suggestion is dim, except for its first letter, which the cursor covers:
 * the dim text after the cursor and the letter below it go.
 */
function withoutDim(line: StyledLine): StyledLine {
  let isDim = false
  let kept = ''
  let at = 0
  for (const match of line.matchAll(sgr)) {
    if (!isDim) kept += line.slice(at, match.index)
    at = match.index + match[0].length
    const wasDim = isDim
    for (const code of codesOf(match[1] ?? ''))
      isDim = code === 2 || (isDim && code !== 0 && code !== 22)
    // oxlint-disable-next-line no-control-regex
    if (isDim && !wasDim) kept = kept.replace(/\x1b\[7m((?:\x1b\[[\d;:]*m)*)[^\x1b]$/, '')
    kept += match[0]
  }
  return isDim ? kept : kept + line.slice(at)
}

/** The codes of a sequence, without the parameters of a colour: the 2 in `38;2;R;G;B` is not dim. */
function codesOf(parameters: string): readonly number[] {
  const codes: number[] = []
  const numbers = parameters.split(/[;:]/).map(Number)
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i] ?? 0
    codes.push(code)
    if (code === 38 || code === 48 || code === 58) i += numbers[i + 1] === 2 ? 4 : 2
  }
  return codes
}
