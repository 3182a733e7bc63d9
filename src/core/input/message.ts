// What goes into an agent's terminal and what comes out of it: texts and their receipts, screens, messages. Pure.

export const receipts = ['submitted', 'queued', 'typed', 'refused'] as const
/**
 * `submitted`: the agent took the text. `queued`: the agent takes the text after its turn. `typed`: the text
 * stands in the prompt and is not submitted. `refused`: lab typed nothing.
 */
export type Receipt = (typeof receipts)[number]

export interface Delivery {
  readonly receipt: Receipt
  /** Why the receipt is `typed` or `refused`, as a sentence. */
  readonly reason?: string
}

export interface Message {
  readonly text: string
  /** Whether lab presses Enter after the text. */
  readonly submit: boolean
  /** Whether Claude may read the text as a command: what begins with `!` or `/`. */
  readonly literally?: boolean
}

/** The visible part of a terminal: each row as it stands, with its styles as SGR sequences. */
export interface Screen {
  readonly columns: number
  readonly rows: readonly string[]
}

/** One message of a conversation. */
export interface Said {
  /** ISO 8601; null where Claude wrote none. */
  readonly at: string | null
  readonly who: 'user' | 'agent'
  readonly text: string
}

/** A page of a conversation, oldest message first. */
export interface SaidPage {
  readonly messages: readonly Said[]
  /** Where the page before this one ends; null when this is the first of the conversation. */
  readonly before: number | null
}

/** The text as lab types it: line breaks are LF, and there are none at the end. */
export function typedText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/\n+$/, '')
}

// ESC could end the bracketed paste, and the other controls are keys of Claude's. Tabs and line breaks are text.
// oxlint-disable-next-line no-control-regex
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]|\p{Cs}/u

/** The control character in a text that would press keys instead of being typed, as `U+001B`; null without one. */
export function controlIn(text: string): string | null {
  const found = controls.exec(text)?.[0]
  return found === undefined
    ? null
    : `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/**
 * Why Claude would not take a typed text as a prompt, as a sentence; null when it would. `literally` permits
 * what Claude takes as a command. Nothing permits a backslash at the end, which keeps Enter from submitting.
 */
export function whyNoPrompt({ text, submit, literally = false }: Message): string | null {
  if (text.trim() === '') return 'The text is empty.'
  if (!literally && text.startsWith('!'))
    return 'Claude runs a text that begins with "!" as a shell command, without a question. Send it literally, or begin it with a space.'
  if (!literally && /^\s*\/[\w-]/.test(text))
    return 'Claude runs a text that begins with "/" as a command of its own. Send it literally if that is what you want.'
  if (submit && text.endsWith('\\'))
    return 'Claude takes Enter after a backslash as a line break, so it would not submit the text. Remove the backslash at the end.'
  return null
}

/**
 * Whether a submitted prompt holds this text. Claude frames a long paste and may trim blanks, so this
 * compares without blanks.
 */
export function holdsText(prompt: string, text: string): boolean {
  return withoutBlanks(prompt).includes(withoutBlanks(text))
}

function withoutBlanks(text: string): string {
  return text.replace(/\s+/g, '')
}
