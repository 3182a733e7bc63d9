// Whether an instance may start, and where: the plan, or the refusal. Pure.
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

/** What an operator asks for. */
export interface StartSpec {
  readonly project: string
  /** What the operator typed, unchecked. */
  readonly label?: string
  readonly model?: string
  readonly effort?: string
  /** Start even though Claude says that nobody is logged in. */
  readonly force?: boolean
}

// Both end up as arguments of a program: nothing that could be read as a flag. Names of models hold
// `@` and `/` where a cloud serves them, and may be as long as an ARN.
const wordPattern = /^[A-Za-z0-9][\w.:/@[\]-]{0,199}$/

/** Whether a model's or an effort's name can be handed on to the agent's command line. */
export function isWord(text: string): boolean {
  return wordPattern.test(text)
}

export interface StartQuestion {
  readonly key: ProjectKey
  /** What the operator typed. */
  readonly label: string
  /** Every session name in use or promised: live instances, starts under way, foreign sessions. */
  readonly names: Iterable<string>
  readonly capMax: number
  /** Live instances and starts under way, all projects together. */
  readonly used: number
  /** The slot a resumed instance had; taken again when it is free. */
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

/** Decides a start: an invalid label is refused first, then the cap; the slot is the lowest free one. */
export function decideStart(question: StartQuestion): StartDecision {
  const parsed = parseLabel(question.label)
  if (!parsed.ok) return { ok: false, code: 'invalid_label', reason: parsed.reason }
  if (question.used >= question.capMax) return { ok: false, code: 'at_capacity' }
  const taken = new Set<number>()
  for (const name of question.names) {
    if (!belongsTo(name, question.key)) continue
    // `foo~x` is nobody's slot; only names that lab could have made hold one.
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
