// The turns of one session, with the progress of the running turn and the prompts that Claude Code
// submits without the user.
import { limitDialog } from '../terminal/dialogs.ts'
import { continues } from './api-errors.ts'
import { runTurn, type TurnDeps, type TurnProgress } from './turn.ts'
import { createTurns, type Turns, type TurnsDeps } from './turns.ts'

export interface TurnRunner {
  readonly turns: Turns
  /** The lines that the running turn shows; they change while it runs. */
  readonly progress: Required<TurnProgress>
  readonly permissions: TurnDeps['permissions']
  /** Cancels the prompt that would follow the end of a usage limit. */
  cancelContinuation(): void
}

export type TurnRunnerDeps = Omit<
  TurnDeps,
  'progress' | 'backgroundEnded' | 'limited' | 'afterPlan'
> &
  Omit<TurnsDeps, 'run' | 'mode'>

// Claude Code continues a minute after the limit has ended.
const afterLimitSeconds = 60
// At any other limit than the five-hour one it opens a dialog, shortly after the end of the turn.
const limitDialogMs = 200
const continuationText =
  'Your claude.ai usage limit has reset. Continue the task you were working on when the limit was reached; do not repeat work that is already complete.'
const modes = { manual: 'default', auto: 'auto', plan: 'plan' } as const

/** A runner with no turn yet. */
export function createTurnRunner(deps: TurnRunnerDeps): TurnRunner {
  const { focus } = deps
  const progress: Required<TurnProgress> = { partial: null, retry: null }
  let continuation: NodeJS.Timeout | undefined
  const turnDeps: TurnDeps = {
    ...deps,
    afterPlan: 'manual',
    progress(next) {
      Object.assign(progress, next)
      focus.refresh()
    },
    backgroundEnded(code) {
      focus.print('', `● Background command "mock background" completed (exit code ${code ?? 1})`)
      const text = '<task-notification>mock background completed</task-notification>\nSAY done'
      turns.submit({ text, isTyped: false })
    },
    limited(seconds, limit) {
      if (!continues(limit)) {
        setTimeout(() => void focus.ask(limitDialog()), limitDialogMs)
        return
      }
      continuation = setTimeout(
        () => turns.submit({ text: `${continuationText}\nSAY continued`, isTyped: false }),
        (seconds + afterLimitSeconds) * 1000,
      )
    },
  }
  const turns = createTurns({
    ...deps,
    mode: () => modes[turnDeps.permissions],
    run: (text, turn) => runTurn(text, turnDeps, turn),
  })
  return {
    turns,
    progress,
    get permissions() {
      return turnDeps.permissions
    },
    cancelContinuation: () => clearTimeout(continuation),
  }
}
