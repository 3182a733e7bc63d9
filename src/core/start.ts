// Whether an instance may start, and under which name and slot. Pure.
import {
  belongsTo,
  composeName,
  lowestFreeSlot,
  parseLabel,
  parseName,
  slugOf,
  type Label,
  type ProjectKey,
  type SessionName,
} from './names.ts'
import type { Choices } from './settings.ts'

/** A request for a start. Choices that it leaves out are those of the settings. */
export interface StartSpec extends Partial<Choices> {
  readonly project: string
  /** The operator's text, unchecked. */
  readonly label?: string
  /** The first prompt, unchecked; an empty one is none. */
  readonly prompt?: string
  /** The account for the agent; the first one when left out. */
  readonly account?: string
  /** Later starts that name no choices get those of this start. */
  readonly isRemembered?: boolean
  /** Start even though Claude reports no login. */
  readonly force?: boolean
}

// A word becomes an argument of a program, so it must not look like a flag. Names of models hold `@` and
// `/` where a cloud serves them, and may be as long as an ARN.
const wordPattern = /^[A-Za-z0-9][\w.:/@[\]-]{0,199}$/

/** Whether a model's or an effort's name may be an argument on the agent's command line. */
export function isWord(text: string): boolean {
  return wordPattern.test(text)
}

// The prompt travels as one argument. tmux takes far longer ones; the process list shows all of it.
const promptBytesMax = 16_000
// Claude Code takes such a first word for a command, also behind blanks. `/tmp/x` is text.
const commandPattern = /^\s*(\/[\w:-]+)(?=\s|$)/

/** Why lab cannot give a text to a new agent as its first prompt, as a sentence; null when it can. */
export function promptRefusal(prompt: string): string | null {
  const bytes = new TextEncoder().encode(prompt).length
  if (bytes > promptBytesMax)
    return `The first prompt has ${bytes} bytes, and lab takes ${promptBytesMax} at most. Put the text into a file of the project, and let the prompt name that file.`
  if (prompt.includes('\0')) return 'The first prompt holds a NUL character. Remove it.'
  const [, command] = commandPattern.exec(prompt) ?? []
  if (command === undefined) return null
  return `Claude Code would run ${command} as a command and not read it as a prompt. Begin the first prompt with another word.`
}

export interface StartQuestion {
  readonly key: ProjectKey
  /** The operator's text. */
  readonly label: string
  /** Every session name in use or reserved: live instances, starts under way, foreign sessions. */
  readonly names: Iterable<string>
  readonly capMax: number
  /** Live instances and starts under way, all projects together. */
  readonly used: number
  /** The old slot of a resumed instance, which it gets again when the slot is free. */
  readonly slotWanted?: number
}

export type StartDecision =
  | {
      readonly ok: true
      readonly name: SessionName
      readonly slot: number
      readonly label: Label | null
    }
  | { readonly ok: false; readonly code: 'invalid_label'; readonly reason: string }
  | { readonly ok: false; readonly code: 'at_capacity' }

/** Decides a start: it checks the label first, then the cap, and takes the lowest free slot. */
export function decideStart(question: StartQuestion): StartDecision {
  const parsed = parseLabel(question.label)
  if (!parsed.ok) return { ok: false, code: 'invalid_label', reason: parsed.reason }
  if (question.used >= question.capMax) return { ok: false, code: 'at_capacity' }
  const taken = new Set<number>()
  for (const name of question.names) {
    if (!belongsTo(name, question.key)) continue
    // Only names that lab could have made hold a slot; `foo~x` holds none.
    const parts = parseName(name)
    if (parts) taken.add(parts.slot)
  }
  const { label } = parsed
  const { slotWanted = 0 } = question
  // Slot 1 is the bare key, which has no room for a label.
  const isFree = slotWanted >= (label === null ? 1 : 2) && !taken.has(slotWanted)
  const slot = isFree ? slotWanted : lowestFreeSlot(taken, label !== null)
  return {
    ok: true,
    slot,
    label,
    name: composeName({ key: question.key, slot, slug: slugOf(label) }),
  }
}
