// Turns rows of a terminal into runs of text with class names for their styles. Pure.
//
// A row comes from an agent and may hold anything. What leaves here is text without control characters, and
// class names from a fixed set: `c0`…`c255` for the colour, `b0`…`b255` for the background, `cd` and `bd` for
// the terminal's own two where they are swapped, and `bold`, `dim`, `italic`, `underline` and `strike`.
import { printable } from '../../../core/text.ts'

/** Text in one style. */
export interface Run {
  readonly text: string
  /** Class names, separated by blanks; empty for the terminal's own style. */
  readonly classes: string
}

interface Style {
  readonly color: number | null
  readonly background: number | null
  readonly isInverse: boolean
  readonly marks: ReadonlySet<Mark>
}

type Mark = 'bold' | 'dim' | 'italic' | 'underline' | 'strike'

const plainStyle: Style = { color: null, background: null, isInverse: false, marks: new Set() }

// A pane of 200 × 50 cells in which no two neighbours look the same has 10,000 runs, too many for a phone.
// The rows after so many runs (about 80 kB of HTML) lose their styles and keep their text.
const runsMax = 2000
const tabColumns = 8

// Control sequences, then strings (OSC with its links, DCS, APC, PM, SOS) to their end or to the end of the
// row, then two-character sequences and a lone ESC.
const sequences =
  // oxlint-disable-next-line no-control-regex
  /\x1b\[([0-?]*)[ -/]*([@-~]?)|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?/g

/** The runs of each row. A style lasts until a row changes it, over the end of a row too. */
export function styledRows(rows: readonly string[]): readonly (readonly Run[])[] {
  let style = plainStyle
  let count = 0
  return rows.map((row) => {
    const runs: Run[] = []
    let at = 0
    let columns = 0
    const take = (raw: string): void => {
      if (raw === '') return
      const text = printable(withoutTabs(raw, columns))
      columns += text.length
      const classes = count < runsMax ? classesOf(style) : ''
      const last = runs.at(-1)
      if (last?.classes === classes) runs[runs.length - 1] = { text: last.text + text, classes }
      else {
        runs.push({ text, classes })
        count += 1
      }
    }
    for (const match of row.matchAll(sequences)) {
      take(row.slice(at, match.index))
      at = match.index + match[0].length
      const [, parameters = '', final] = match
      if (final === 'm' && /^[\d;:]*$/.test(parameters)) style = changed(style, parameters)
    }
    take(row.slice(at))
    return runs
  })
}

/** The text of a row, without its styles. */
export function plainRow(row: string): string {
  return printable(withoutTabs(row.replace(sequences, ''), 0))
}

function withoutTabs(text: string, columns: number): string {
  let shown = ''
  for (const part of text.split(/(\t)/))
    shown += part === '\t' ? ' '.repeat(tabColumns - ((columns + shown.length) % tabColumns)) : part
  return shown
}

function classesOf({ color, background, isInverse, marks }: Style): string {
  const front = isInverse ? (background ?? 'd') : color
  const back = isInverse ? (color ?? 'd') : background
  return [
    ...(front === null ? [] : [`c${front}`]),
    ...(back === null ? [] : [`b${back}`]),
    ...marks,
  ].join(' ')
}

const marks: Readonly<Record<number, Mark>> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 9: 'strike' } // prettier-ignore
const withoutMarks: Readonly<Record<number, readonly Mark[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  29: ['strike'],
}

/** The style after an SGR sequence. Unknown codes change nothing; concealed text stays visible. */
function changed(style: Style, parameters: string): Style {
  const codes = parameters.split(';').flatMap(codesIn)
  let next = style
  for (let i = 0; i < codes.length; i++) {
    const code = Number(codes[i])
    if (code === 38 || code === 48 || code === 58) {
      const [colour, used] = extendedColour(codes.slice(i + 1).map(Number))
      i += used
      next = withColour(next, code, colour)
    } else next = withCode(next, code)
  }
  return next
}

/** The codes in one part: `4:3` is a kind of underline, and `38:5:N` a colour as `38;5;N` is. */
function codesIn(part: string): readonly string[] {
  const [first = '', second] = part.split(':')
  if (first === '38' || first === '48') return part.split(':').filter((one) => one !== '')
  return first === '4' && second === '0' ? ['24'] : [first]
}

function withColour(style: Style, code: number, colour: number | null): Style {
  if (code === 38) return { ...style, color: colour }
  return code === 48 ? { ...style, background: colour } : style
}

function withCode(style: Style, code: number): Style {
  if (code === 0) return plainStyle
  if (code === 7 || code === 27) return { ...style, isInverse: code === 7 }
  if (code === 39) return { ...style, color: null }
  if (code === 49) return { ...style, background: null }
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 }
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 }
  if (code >= 90 && code <= 97) return { ...style, color: code - 82 }
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 }
  const mark = marks[code]
  if (mark !== undefined) return { ...style, marks: new Set([...style.marks, mark]) }
  const gone = withoutMarks[code]
  if (gone === undefined) return style
  return { ...style, marks: new Set([...style.marks].filter((one) => !gone.includes(one))) }
}

/** The colour after 38 or 48, and how many parameters it takes; null for a colour that is none. */
function extendedColour([kind, ...values]: readonly number[]): [number | null, number] {
  if (kind === 5) return [isByte(values[0]) ? values[0] : null, 2]
  if (kind !== 2) return [null, 0]
  const [red, green, blue] = values
  if (!isByte(red) || !isByte(green) || !isByte(blue)) return [null, 4]
  return [nearest([red, green, blue]), 4]
}

function isByte(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255
}

type Rgb = readonly [number, number, number]

const cubeLevels = [0, 95, 135, 175, 215, 255] as const
const firstGrey = 232

/** The red, green and blue of a colour from 16 on: the cube of 6 × 6 × 6, then 24 greys. */
export function rgbOf(colour: number): Rgb {
  if (colour >= firstGrey) {
    const level = 8 + 10 * (colour - firstGrey)
    return [level, level, level]
  }
  const at = colour - 16
  return [cubeLevel(at / 36), cubeLevel(at / 6), cubeLevel(at)]
}

function cubeLevel(index: number): number {
  return cubeLevels[Math.floor(index) % 6] ?? 0
}

/** The colour from 16 on that is nearest to a 24-bit one. */
function nearest(wanted: Rgb): number {
  const [red, green, blue] = wanted.map(nearestLevel) as [number, number, number]
  const cube = 16 + 36 * red + 6 * green + blue
  const mean = (wanted[0] + wanted[1] + wanted[2]) / 3
  const grey = firstGrey + Math.max(0, Math.min(23, Math.round((mean - 8) / 10)))
  return distance(rgbOf(grey), wanted) < distance(rgbOf(cube), wanted) ? grey : cube
}

function nearestLevel(value: number): number {
  const distances = cubeLevels.map((level) => Math.abs(level - value))
  return distances.indexOf(Math.min(...distances))
}

function distance(a: Rgb, b: Rgb): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0)
}
