// The permission of one tool: a dialog and the PermissionRequest hooks race, and the first answer counts.
import type { Json } from '../files/home.ts'
import type { Dialog } from '../terminal/dialogs.ts'
import type { Focus } from '../terminal/focus.ts'
import type { Decision, Hooks } from './hooks.ts'

/** What Claude Code asks before a tool runs. */
export interface Permission {
  readonly dialog: Dialog
  /** The input that the tool runs with after this choice; null refuses the tool. */
  readonly decide: (choice: number) => Json | null
  /** `decides`; `with input`: an allow counts only with `updatedInput`; `none`: no hook runs. */
  readonly hook: 'decides' | 'with input' | 'none'
  /** The fields of the hook that only some tools have. */
  readonly fields?: Json
}

export type Verdict =
  | { readonly kind: 'allow'; readonly input: Json; readonly by: 'user' | 'hook' }
  /** The turn goes on, and the model reads the message. */
  | { readonly kind: 'deny'; readonly message: string }
  /** The turn ends. */
  | { readonly kind: 'interrupt'; readonly by: 'user' | 'hook' }

/** Asks. Escape ends the waiting hooks; a choice by keys leaves them waiting, as in Claude Code. */
export async function askPermission(
  { dialog, decide, hook, fields }: Permission,
  call: Json & { readonly tool_input: Json },
  {
    focus,
    hooks,
    signal,
  }: { readonly focus: Focus; readonly hooks: Hooks; readonly signal: AbortSignal },
): Promise<Verdict> {
  const answered = new AbortController()
  const escaped = new AbortController()
  const hooked = hook === 'none' ? null : hooks.decide({ ...call, ...fields }, escaped.signal)
  const keys = focus
    .ask(dialog, AbortSignal.any([answered.signal, signal]))
    .then((choice): Verdict => {
      const input = choice === null ? null : decide(choice)
      if (choice === null && !answered.signal.aborted) escaped.abort()
      return input === null
        ? { kind: 'interrupt', by: 'user' }
        : { kind: 'allow', input, by: 'user' }
    })
  if (hooked === null) return keys
  const decided = hooked.then((decision) =>
    decision === null || (hook === 'with input' && isBareAllow(decision))
      ? keys
      : verdictOf(decision, call.tool_input),
  )
  const verdict = await Promise.race([keys, decided])
  answered.abort()
  return verdict
}

function isBareAllow({ behavior, updatedInput }: Decision): boolean {
  return behavior === 'allow' && updatedInput === undefined
}

function verdictOf({ behavior, updatedInput, message, interrupt }: Decision, input: Json): Verdict {
  if (behavior === 'allow') return { kind: 'allow', input: updatedInput ?? input, by: 'hook' }
  if (interrupt) return { kind: 'interrupt', by: 'hook' }
  return { kind: 'deny', message: message ?? 'Permission denied by hook' }
}
