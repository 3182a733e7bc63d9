// Runs one turn at a time, queues later prompts, and prints how each turn ended.
import { randomUUID } from 'node:crypto'
import type { Behaviour } from '../behaviour.ts'
import type { Focus } from '../terminal/focus.ts'
import type { Hooks } from './hooks.ts'
import { submitted } from '../terminal/prompt.ts'
import type { Tools } from './tools.ts'
import type { Transcript } from '../files/transcript.ts'
import type { Json } from '../files/home.ts'
import { effort, endTurn } from './turn-end.ts'
import type { RunningTurn, TurnResult } from './turn.ts'

export interface Prompt {
  /** The text as the model gets it. */
  readonly text: string
  /** The text on the screen and the text that an interrupt gives back, if they differ. */
  readonly shown?: string
  readonly typed?: string
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
  readonly name: string | null
  /** The permission mode, as hooks name it. */
  mode(): string
  run(text: string, turn: RunningTurn): Promise<TurnResult>
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

/** A prompt with its id, which its hooks and records share. */
interface Submitted extends Prompt {
  readonly id: string
}

/** Turns with an empty queue. */
export function createTurns(deps: TurnsDeps): Turns {
  const { focus, hooks } = deps
  const queue: Submitted[] = []
  let current: Turn | null = null
  // Between two queued prompts no turn runs, but a new prompt must join the queue.
  let isBetween = false

  const contextOf = (id: string): Json => ({ prompt_id: id, permission_mode: deps.mode() })

  function submit(prompt: Prompt): void {
    const taken = { ...prompt, id: randomUUID() }
    // Claude Code runs this hook at once, also for a prompt that it queues.
    const title = deps.name === null ? {} : { session_title: deps.name }
    const fields = { ...contextOf(taken.id), prompt: prompt.text, ...title }
    const hook = hooks.run('UserPromptSubmit', fields)
    if (current || isBetween) queue.push(taken)
    else void take(taken, hook)
    deps.changed()
  }

  async function take(
    { id, text, shown = text, typed = text, isTyped }: Submitted,
    hook: Promise<void> | null,
  ): Promise<void> {
    const verb = verbs[Math.floor(Math.random() * verbs.length)] ?? 'Baking'
    const turn = { abort: new AbortController(), startedAt: Date.now(), verb }
    isBetween = false
    current = turn
    const ticker = setInterval(() => deps.tick(), deps.behaviour.titleMs)
    if (isTyped) focus.print('', submitted(shown))
    deps.changed()
    await hook
    if (deps.name !== null) deps.transcript().note('custom-title', { customTitle: deps.name })
    deps.transcript().add('user', {
      message: { role: 'user', content: text },
      promptId: id,
      permissionMode: deps.mode(),
    })
    let result: TurnResult = loggedOut
    const running = { signal: turn.abort.signal, context: () => ({ ...contextOf(id), effort }) }
    if (deps.isLoggedIn()) result = await deps.run(text, running)
    else focus.print(`  ⎿  ${loggedOut.message}`)
    clearInterval(ticker)
    await endTurn(result, { ...turn, id, typed }, deps)
    current = null
    const next = queue.shift()
    isBetween = next !== undefined
    deps.changed()
    if (next) setTimeout(() => void take(next, null), betweenMs)
  }

  return {
    submit,
    get current() {
      return current
    },
    get queued() {
      return queue.flatMap(({ isTyped, text, shown = text }) => (isTyped ? [shown] : []))
    },
  }
}

const loggedOut: TurnResult = {
  end: 'failed',
  message: 'Not logged in · Please run /login',
  error: 'authentication_failed',
}
