// The end of a turn: its last lines, its hooks and its last records.
import type { Focus } from '../terminal/focus.ts'
import type { Transcript } from '../files/transcript.ts'
import type { Hooks } from './hooks.ts'
import type { Tools } from './tools.ts'
import type { TurnResult } from './turn.ts'

/** The effort, as hooks name it. */
export const effort = { level: 'medium' }

export interface EndedTurn {
  /** The id of its prompt. */
  readonly id: string
  /** The prompt, as the user typed it. */
  readonly typed: string
  readonly startedAt: number
  readonly verb: string
}

export interface EndDeps {
  readonly focus: Focus
  readonly hooks: Hooks
  readonly tools: Tools
  transcript(): Transcript
  mode(): string
  giveBack(text: string): void
}

/** Prints how a turn ended, and runs the hooks of its end. Claude Code is busy until they have ended. */
export async function endTurn(
  { end, message, error }: TurnResult,
  { id, typed, startedAt, verb }: EndedTurn,
  { focus, hooks, tools, ...deps }: EndDeps,
): Promise<void> {
  const last = { last_assistant_message: message }
  if (end === 'answered') {
    const tasks = tools.backgroundTasks()
    const more = tasks.length > 0 ? ` · ${tasks.length} shell still running` : ''
    const took = `${secondsSince(startedAt)}s · done ${clock()}${more}`
    focus.print('', `✻ ${verb.replace(/ing$/, 'ed')} for ${took}`)
    await hooks.run('Stop', {
      prompt_id: id,
      permission_mode: deps.mode(),
      effort,
      stop_hook_active: false,
      ...last,
      background_tasks: tasks.map(({ id: task, command, description }) => ({
        id: task,
        type: 'shell',
        status: 'running',
        description,
        command,
      })),
      session_crons: [],
    })
    deps.transcript().note('last-prompt', { lastPrompt: typed })
    const durationMs = Date.now() - startedAt
    deps.transcript().add('system', { subtype: 'turn_duration', durationMs })
  } else if (end === 'failed') await hooks.run('StopFailure', { prompt_id: id, error, ...last })
  else if (end === 'unanswered') deps.giveBack(typed)
  else if (end === 'interrupted') focus.print('  ⎿  Interrupted · What should Claude do instead?')
}

/** Whole seconds since `startedAt`, a time in milliseconds. */
export function secondsSince(startedAt: number): number {
  return Math.floor((Date.now() - startedAt) / 1000)
}

function clock(): string {
  return new Date().toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' })
}
