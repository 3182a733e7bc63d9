// Text for people and shells: the hidden characters, the quoting of words, and one line about all
// instances. Pure.
import type { Cap, Instance } from './instance.ts'
import { waitsForOperator } from './limit.ts'

// Controls (C0, DEL, C1), lone surrogates, line separators, and the marks that reorder or hide the
// text around them.
const hidden = String.raw`\p{Cc}\p{Cs}\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff`
const hiddenCharacter = new RegExp(`[${hidden}]`, 'u')
const hiddenCharacters = new RegExp(`[${hidden}]`, 'gu')

/** Whether a text has a character that could control a terminal, or reorder or hide other text. */
export function hasHidden(text: string): boolean {
  return hiddenCharacter.test(text)
}

/** The text on one line, with every hidden character as `\uXXXX`. */
export function printable(text: string): string {
  return text.replace(
    hiddenCharacters,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The text with its lines and tabs, and every other hidden character as `\\uXXXX`. */
export function printableLines(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(hiddenCharacters, (c) => (c === '\n' || c === '\t' ? c : printable(c)))
}

/** Quotes a word for a POSIX shell and zsh. zsh expands `=foo`, and `~2` may expand anywhere. */
export function shellWord(word: string): string {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Formats an argument vector as a command to paste into a shell. */
export function shellText(argv: readonly string[]): string {
  return argv.map(shellWord).join(' ')
}

/** How many instances need the operator, and how many died. */
export function countsOf(instances: readonly Pick<Instance, 'state' | 'waitingFor'>[]): {
  readonly waiting: number
  readonly died: number
} {
  const died = instances.filter(({ state }) => state === 'error').length
  return { waiting: instances.filter(waitsForOperator).length, died }
}

/** Says how many run and how many need the operator, such as `7 of 10 running · 2 need you`. */
export function headline(
  instances: readonly Pick<Instance, 'state' | 'waitingFor'>[],
  { used, max }: Cap,
): string {
  const { waiting, died } = countsOf(instances)
  const parts = [`${used} of ${max} running`]
  if (waiting > 0) parts.push(`${waiting} ${waiting === 1 ? 'needs' : 'need'} you`)
  if (died > 0) parts.push(`${died} died`)
  return parts.join(' · ')
}

// Lines that Claude Code draws around its words, as seen with 2.1.197 and 2.1.329.
const furniture: readonly RegExp[] = [
  // Rules, and boxes without words.
  /^[\s\u2500-\u257f\u2580\u2581\u258f\u2594\u2595_=*~+-]+$/u,
  // The mascot, which stands beside the version.
  /[\u2588-\u259f]/u,
  // The prompt, with or without a draft.
  /^[❯›>]/u,
  // Hints below the prompt, and the line that names the permission mode.
  /^[⏵⏸⏎?]|for shortcuts|\b(esc|enter|tab|space) (to|for)\b|\b(ctrl|shift|alt|meta)[+-]\w/iu,
  // The spinner with its counters, and the status line.
  /^[✳✻✽✶✢◐◑·]\s|\btokens\b|context left|remote control/iu,
  // How to go on, which Claude prints as its last words.
  /^(resume this session|claude --resume)/iu,
]

// As much as two lines of a phone.
const charsMax = 160

/** The last line that is words of a program; null where no line is. */
export function causeOf(lastLines: readonly string[]): string | null {
  const lines = lastLines.map((line) => line.replace(/^[\s│┃|⎿⏺●]+|[\s│┃|]+$/gu, ''))
  const cause = lines.findLast((line) => line !== '' && !furniture.some((one) => one.test(line)))
  return cause === undefined ? null : printable(cause).slice(0, charsMax)
}
