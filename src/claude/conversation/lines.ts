// What an agent does or said, in one line each: a tool's use, and the last sentence of a text. Pure.
import { isAbsolute, relative } from 'node:path'
import { printable } from '../../core/text.ts'

// One line of a row; a wider one no screen shows whole.
const lineCharsMax = 200
// Only the end of a text counts, and a text may have megabytes.
const textCharsMax = 4000

/** The text on one line of at most 200 characters, with its hidden characters made visible. */
export function oneLine(text: string): string {
  const line = printable(text.slice(0, textCharsMax).replace(/\s+/g, ' ').trim())
  if (line.length <= lineCharsMax) return line
  // The cut may go through a pair of surrogates.
  return `${line.slice(0, lineCharsMax - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })
// Of a list, a heading or a quotation only the words count.
const markers = /^(?:[-*+>]|\d+[.)]|#{1,6})\s+/

/** The last sentence of a text, without the marks of Markdown at its beginning; null for a blank text. */
export function lastSentence(text: string): string | null {
  const lines = text
    .slice(-textCharsMax)
    .split('\n')
    .map((line) => line.trim().replace(markers, ''))
    .filter((line) => line !== '' && !line.startsWith('```'))
  const found = [...sentences.segment(lines.at(-1) ?? '')].map(({ segment }) => segment.trim())
  const last = found.findLast((sentence) => sentence !== '')
  return last === undefined ? null : oneLine(last)
}

// The part of a tool's input that names its object, the most telling first.
const objects = [
  'file_path', 'notebook_path', 'command', 'pattern', 'url', 'query', 'description', 'skill', 'path', 'prompt',
] as const // prettier-ignore

/** A tool's use, such as `Edit src/cart/total.ts`. A path within `cwd` is relative to it. */
export function toolLine(
  name: string,
  input: Readonly<Record<string, unknown>>,
  cwd: string | null,
): string {
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? []
  const words = server === undefined ? name : `${server} ${tool}`
  const object = objects.map((key) => input[key]).find((value) => typeof value === 'string')
  if (object === undefined) return oneLine(words)
  return oneLine(`${words} ${isAbsolute(object) ? within(cwd, object) : object}`)
}

function within(cwd: string | null, path: string): string {
  const inside = cwd === null ? '' : relative(cwd, path)
  return inside === '' || inside.startsWith('..') ? path : inside
}
