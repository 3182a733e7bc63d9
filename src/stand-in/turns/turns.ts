// Runs one turn at a time, queues later prompts, and prints how each turn ended.
import type { Behaviour } from '../behaviour.ts'
import type { Focus } from '../terminal/focus.ts'
import type { Hooks } from './hooks.ts'
import { submitted } from '../terminal/prompt.ts'
import type { Tools } from './tools.ts'
import type { Transcript } from '../files/transcript.ts'
import type { TurnEnd } from './turn.ts'

export interface Prompt {
  readonly text: string
  /** False for a prompt that Claude Code submits without the user. */
  readonly isTyped: boolean
}

export interface Turn {
  readonly abort: AbortController
  readonly startedAt: number
  readonly verb: string
}

export interface Turns {
  /** Starts a turn, or queues the prompt while another turn runs. */
  submit(prompt: Prompt): void
  /** The running turn. */
  readonly current: Turn | null
  /** The queued prompts that the user typed. */
  readonly queued: readonly string[]
}

export interface TurnsDeps {
  readonly focus: Focus
  readonly tools: Tools
  readonly hooks: Hooks
  readonly behaviour: Pick<Behaviour, 'titleMs'>
  transcript(): Transcript
  isLoggedIn(): boolean
  run(text: string, signal: AbortSignal): Promise<TurnEnd>
  /** Called when a turn begins or ends, and when a prompt is queued. */
  changed(): void
  /** Called at each frame of the title while a turn runs. */
  tick(): void
  /** Called with the prompt that the user interrupted before any answer. */
  giveBack(text: string): void
}

// Claude Code is idle for a moment between queued prompts.
const betweenMs = 14
const verbs = ['Baking', 'Brewing', 'Churning', 'Cooking', 'Forging', 'Moseying']

/** Turns with an empty queue. */
export function createTurns(deps: TurnsDeps): Turns {
  const { focus, hooks, tools } = deps
  const queue: Prompt[] = []
  let current: Turn | null = null
  // Between two queued prompts no turn runs, but a new prompt must join the queue.
  let isBetween = false

  function submit(prompt: Prompt): void {
    // Claude Code runs this hook at once, also for a prompt that it queues.
    const hook = prompt.isTyped ? hooks.run('UserPromptSubmit', { prompt: prompt.text }) : null
    if (current || isBetween) queue.push(prompt)
    else void take(prompt, hook)
    deps.changed()
  }

  async function take({ text, isTyped }: Prompt, hook: Promise<void> | null): Promise<void> {
    const verb = verbs[Math.floor(Math.random() * verbs.length)] ?? 'Baking'
    const turn = { abort: new AbortController(), startedAt: Date.now(), verb }
    isBetween = false
    current = turn
    const ticker = setInterval(() => deps.tick(), deps.behaviour.titleMs)
    if (isTyped) focus.print('', submitted(text))
    deps.changed()
    await hook
    deps.transcript().add('user', { message: { role: 'user', content: text } })
    let end: TurnEnd = 'failed'
    if (deps.isLoggedIn()) end = await deps.run(text, turn.abort.signal)
    else focus.print('  ⎿  Not logged in · Please run /login')
    clearInterval(ticker)
    current = null
    finish(end, text, turn)
    const next = queue.shift()
    isBetween = next !== undefined
    deps.changed()
    if (next) setTimeout(() => void take(next, null), betweenMs)
  }

  function finish(end: TurnEnd, text: string, { startedAt, verb }: Turn): void {
    const running = tools.backgroundCount()
    if (end === 'answered') {
      const more = running > 0 ? ` · ${running} shell still running` : ''
      const took = `${secondsSince(startedAt)}s · done ${clock()}${more}`
      focus.print('', `✻ ${verb.replace(/ing$/, 'ed')} for ${took}`)
      const background = Array.from({ length: running }, () => 'shell')
      void hooks.run('Stop', { background_tasks: background })
    } else if (end === 'failed') void hooks.run('StopFailure')
    else if (end === 'unanswered') deps.giveBack(text)
    else if (end === 'interrupted') focus.print('  ⎿  Interrupted · What should Claude do instead?')
  }

  return {
    submit,
    get current() {
      return current
    },
    get queued() {
      return queue.flatMap(({ isTyped, text }) => (isTyped ? [text] : []))
    },
  }
}

/** Whole seconds since `startedAt`, a time in milliseconds. */
export function secondsSince(startedAt: number): number {
  return Math.floor((Date.now() - startedAt) / 1000)
}

function clock(): string {
  return new Date().toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' })
}
