// What each instance asks now: by the hook that waits for an answer, else by the dialog on its screen.
import type { ScreenDialog } from '../../claude/screen-dialog.ts'
import type { Question } from '../../core/question.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Hooks } from './hooks.ts'
import { createScreens } from './screens.ts'
import { createWaitingHooks, type WaitingHook } from './waiting-hooks.ts'

export interface Questions {
  /** Keeps the question of each live instance. Starts a look at a screen where only that tells. */
  follow(live: readonly Entry[]): void
  /** The waiting hook of a question; null for a question that only keys answer. */
  hookOf(entry: Entry, question: Question): WaitingHook | null
  /** Reads the screen now: its dialog, while that is the question's. @throws what `capture` throws */
  readDialog(entry: Entry, question: Question): Promise<ScreenDialog | null>
  /** The question was answered or is gone: lab shows it no more. */
  close(entry: Entry, question: Question): void
}

/** `wake` asks for a listing, after which lab calls `follow`. */
export function createQuestions(options: {
  readonly deps: Pick<InstancesDeps, 'tmux' | 'log'>
  readonly ledger: Pick<Ledger, 'change'>
  readonly hooks: Hooks
  readonly wake: () => void
}): Questions {
  const { ledger, hooks, wake } = options
  const waiting = createWaitingHooks(hooks, wake)
  const screens = createScreens({
    ...options,
    isPlan: (entry) => waiting.current(entry)?.event.tool === 'ExitPlanMode',
    onRead: keep,
  })
  /** The question of each instance that was closed last: its hook may need a moment to end. */
  const closed = new Map<string, string>()

  function keep(entry: Entry): void {
    const asked = waiting.current(entry)?.question ?? screens.current(entry)
    const question = asked && asked.id === closed.get(entry.id) ? null : asked
    ledger.change(entry, { seen: { question } })
  }

  return {
    follow(live) {
      const ids = new Set(live.map(({ id }) => id))
      waiting.keepOnly(ids)
      screens.keepOnly(ids)
      for (const id of closed.keys()) if (!ids.has(id)) closed.delete(id)
      for (const entry of live) keep(entry)
    },
    hookOf: ({ id }, question) => waiting.find(id, question.id),
    async readDialog(entry, { id }) {
      const { question, dialog } = await screens.read(entry)
      return question?.id === id ? dialog : null
    },
    close(entry, question) {
      closed.set(entry.id, question.id)
      if (waiting.find(entry.id, question.id)) screens.answered(entry)
      else screens.forget(entry)
      keep(entry)
    },
  }
}
