// Reads the dialog that Claude Code shows at the end of a screen: its words, and its options, or the keys
// that its last line names. Pure.

export interface ScreenDialog {
  /** The lines above the options, up to the dialog's rule. */
  readonly text: string
  readonly options: readonly string[]
  /** The marked option, counted from 0; null in a dialog that has no mark, where each option has a key. */
  readonly selected: number | null
  /** The key of each option of a dialog without a mark, by tmux's names. */
  readonly keys: readonly string[]
}

// The prompt has a no-break space after its mark, so a draft is not taken for an option.
const marked = /^([\s│]*)❯ (?:(\d+)\. )?(\S.*)$/
const rule = /^[\s│]*[─▔━╭╰]{3}/
const linesMax = 40

/** The dialog of a screen; null when there is none that lab can read. */
export function readDialog(screen: readonly string[]): ScreenDialog | null {
  const lines = screen.map((line) => line.replace(/[\s│]+$/, ''))
  const at = lines.findLastIndex((line) => marked.test(line))
  const [, indent = '', number] = marked.exec(lines[at] ?? '') ?? []
  if (at < 0) return readKeys(lines)
  const column = indent.length + 2
  const isNumbered = number !== undefined
  const optionOn = (line: string): string | null => optionAt(line, column, isNumbered)
  let first = at
  while (first > 0 && isPart(lines[first - 1]!, column, isNumbered)) first--
  // A line that continues an option cannot be the first one.
  while (first < at && optionOn(lines[first]!) === null) first++
  const options: string[] = []
  let selected = 0
  for (
    let i = first;
    i < lines.length && (i === at || isPart(lines[i]!, column, isNumbered));
    i++
  ) {
    const option = optionOn(lines[i]!)
    if (i === at) selected = options.length
    if (option !== null) options.push(option)
    else if (!isNumbered) break
  }
  if (options.length < 2) return readKeys(lines)
  return { text: textAbove(lines, first), options, selected, keys: [] }
}

const keyNames: Readonly<Record<string, string>> = {
  Enter: 'Enter',
  'shift+Tab': 'BTab',
  Esc: 'Escape',
}

/** A dialog whose last line says what its keys do, such as "Enter to stay in auto mode · Esc to cancel". */
function readKeys(lines: readonly string[]): ScreenDialog | null {
  const last = lines.findLastIndex((line) => line.trim() !== '')
  const hints = (lines[last] ?? '').trim().split(' · ')
  const found = hints.map((hint) => /^(Enter|shift\+Tab|Esc) to (\S.*)$/.exec(hint))
  if (found.length < 2 || found.some((one) => one === null)) return null
  const text = textAbove(lines, last)
  const options = found.map((one) => one![2]!)
  return { text, options, selected: null, keys: found.map((one) => keyNames[one![1]!]!) }
}

/** The option whose words begin in this line; null for any other line. */
function optionAt(line: string, column: number, isNumbered: boolean): string | null {
  const head = line.slice(0, column).replace('❯', ' ')
  const words = line.slice(column)
  if (head.trim().replaceAll('│', '') !== '' || words === '' || /^\s/.test(words)) return null
  if (!isNumbered) return words
  return /^\d+\. (.+)$/.exec(words)?.[1] ?? null
}

/** Whether a line is an option or continues one: a description or a wrapped line is indented further. */
function isPart(line: string, column: number, isNumbered: boolean): boolean {
  if (optionAt(line, column, isNumbered) !== null) return true
  return (
    isNumbered && line.trim() !== '' && /^[\s│]*$/.test(line.slice(0, column)) && !rule.test(line)
  )
}

function textAbove(lines: readonly string[], first: number): string {
  const above: string[] = []
  for (let i = first - 1; i >= 0 && above.length < linesMax; i--) {
    const line = lines[i]!
    if (rule.test(line)) break
    // A dashed rule frames the command; it has no words.
    above.unshift(/^\s*╌+$/.test(line) ? '' : line.replace(/^[\s│]{1,4}/, ''))
  }
  return above
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}
