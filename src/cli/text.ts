// Text for a terminal: nothing from outside reaches it raw, and columns line up.
import { printable } from '../core/text.ts'

/** A value as indented JSON that holds no raw control character and still reads back as the same value. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => printable(line))
    .join('\n')
}

/** Rows with every column as wide as its widest cell; no blanks at the end of a line. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, columnsOf(cell))))
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - columnsOf(cell)))
      .join('  ')
      .trimEnd(),
  )
}

// A terminal so narrow wraps the line, which still says something then.
const lastColumnsMin = 12

/** Aligned rows whose last column is cut, so that no line is wider than `columnsMax`. */
export function fitColumns(rows: readonly (readonly string[])[], columnsMax: number): string[] {
  const begun = alignColumns(rows.map((row) => [...row.slice(0, -1), '|']))
  const room = columnsMax - columnsOf(begun[0] ?? '') + 1
  return rows.map((row, i) => {
    const last = cutTo(row.at(-1) ?? '', Math.max(room, lastColumnsMin))
    return `${begun[i]?.slice(0, -1)}${last}`.trimEnd()
  })
}

/** How long ago something was, in its largest unit: `5s`, `12m`, `3h`, `2d`. */
export function age(from: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(from)) / 1000))
  if (Number.isNaN(seconds)) return '-'
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** How long ago something was, in words: `12 s ago`, `2 min ago`, `3 h ago`, `2 d ago`. */
export function ago(from: string, now: number): string {
  const short = age(from, now)
  const [, count, unit] = /^(\d+)([smhd])$/.exec(short) ?? []
  return count === undefined ? 'some time ago' : `${count} ${unit === 'm' ? 'min' : unit} ago`
}

/** The text in at most so many columns; `…` stands for the rest. The text holds no colours. */
export function cutTo(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text
  segmenter ??= new Intl.Segmenter()
  let cut = ''
  let columns = 1
  for (const { segment } of segmenter.segment(text)) {
    columns += columnsOf(segment)
    if (columns > columnsMax) break
    cut += segment
  }
  return columnsMax < 1 ? '' : `${cut.trimEnd()}…`
}

const wide =
  /^(?:\p{Emoji_Presentation}|.\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])/u
let segmenter: Intl.Segmenter | undefined

/** How many columns a terminal gives the text; colour sequences take none. */
export function columnsOf(text: string): number {
  // eslint-disable-next-line no-control-regex -- these are the sequences that `paint` writes
  const plain = text.replace(/\u001b\[\d*m/g, '')
  if (/^[ -~]*$/.test(plain)) return plain.length
  segmenter ??= new Intl.Segmenter()
  let columns = 0
  for (const { segment } of segmenter.segment(plain)) columns += wide.test(segment) ? 2 : 1
  return columns
}
