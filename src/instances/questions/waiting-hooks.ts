// The hooks that wait for an answer, by instance.
import type { HookEvent } from '../../claude/hooks/events.ts'
import { noDecision, questionOf } from '../../claude/hooks/questions.ts'
import type { Question } from '../../core/question.ts'
import type { Entry } from '../state/entry.ts'
import type { Hooks } from './hooks.ts'

/** A waiting hook. */
export interface WaitingHook {
  /** Its file in the spool, which is also the question's id. */
  readonly file: string
  readonly event: HookEvent
  /** Null where no hook can answer: then the dialog on the screen is the question. */
  readonly question: Question | null
}

export interface WaitingHooks {
  /** The hook that waits for an answer to the dialog on the screen; null without one. */
  current(entry: Entry): WaitingHook | null
  /** The waiting hook with that file. */
  find(id: string, file: string): WaitingHook | null
  /** Forgets the hooks of all other instances. */
  keepOnly(ids: ReadonlySet<string>): void
}

// A hook that the terminal overtook waits on. The registry may still be about to say `waiting`.
const releaseMs = 2000
// Claude shows one dialog at a time. More files than a few are not Claude's.
const waitingMax = 20

/** Hears of waiting hooks and calls `onChange` for each. lab lets one end once the terminal has overtaken it. */
export function createWaitingHooks(hooks: Hooks, onChange: () => void): WaitingHooks {
  const byInstance = new Map<string, readonly WaitingHook[]>()

  hooks.subscribe((id, event, file) => {
    if (event.name === 'PermissionRequest')
      byInstance.set(id, [
        ...(byInstance.get(id) ?? []).slice(1 - waitingMax),
        { file, event, question: questionOf(file, event) },
      ])
    onChange()
  })

  return {
    current({ id, seen: { registry } }) {
      const waiting = (byInstance.get(id) ?? []).filter(({ file }) => hooks.holds(id, file))
      const isOld = (hook: WaitingHook): boolean =>
        isOvertaken(hook, registry) && Date.now() - hook.event.at > releaseMs
      for (const { file } of waiting.filter(isOld)) void hooks.answer(id, file, noDecision)
      byInstance.set(
        id,
        waiting.filter((hook) => !isOld(hook)),
      )
      const last = waiting.at(-1)
      return last && !isOvertaken(last, registry) ? last : null
    },
    find: (id, file) => byInstance.get(id)?.find((hook) => hook.file === file) ?? null,
    keepOnly(ids) {
      for (const id of byInstance.keys()) if (!ids.has(id)) byInstance.delete(id)
    },
  }
}

/** Whether the dialog was answered in the terminal: the registry left `waiting` after the hook began. */
function isOvertaken({ event }: WaitingHook, registry: Entry['seen']['registry']): boolean {
  if (!registry?.status || registry.status === 'waiting') return false
  const changedAt = registry.statusUpdatedAt ?? registry.updatedAt
  return changedAt !== null && changedAt > event.at
}
