// One turn: the steps that a submitted prompt names, until the answer, a failure or an interrupt.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Behaviour } from '../behaviour.ts'
import type { Focus } from '../terminal/focus.ts'
import { apiFailure, usageLimit } from './api-errors.ts'
import type { Hooks } from './hooks.ts'
import type { Link } from '../files/link.ts'
import { parsePrompt, type Step } from './directives.ts'
import { toolCall } from './tool-calls.ts'
import { useTool } from './tool-use.ts'
import type { Tools } from './tools.ts'
import { assistantMessage, type Transcript } from '../files/transcript.ts'
import type { Json } from '../files/home.ts'

/** What a running turn shows; a missing field leaves it as it is. */
export interface TurnProgress {
  /** The part of the answer that has arrived. */
  readonly partial?: string | null
  /** The pause before a retry, in place of the spinner. */
  readonly retry?: string | null
}

export interface TurnDeps {
  readonly focus: Focus
  readonly tools: Tools
  readonly hooks: Hooks
  readonly link: Link
  readonly behaviour: Behaviour
  readonly cwd: string
  /** "Switch to auto mode" sets it to `auto` for the rest of the session. */
  permissions: 'manual' | 'auto' | 'plan'
  /** The permissions after plan mode. */
  afterPlan: 'manual' | 'auto'
  transcript(): Transcript
  progress(progress: TurnProgress): void
  /** Crashes: by an exit code or a signal's name. */
  die(how: string): Promise<never>
  /** Called when a background command ends. Claude Code starts a turn then. */
  backgroundEnded(code: number | null): void
  /** Called at a usage limit, which ends in `seconds`. */
  limited(seconds: number, limit: string): void
}

/** How a turn ended; `unanswered` is an interrupt before the first answer or tool. */
export type TurnEnd = 'answered' | 'failed' | 'denied' | 'interrupted' | 'unanswered'

export interface TurnResult {
  readonly end: TurnEnd
  /** The last text of the answer or of the failure. */
  readonly message: string
  /** The kind of a failure, as StopFailure names it. */
  readonly error?: string
}

/** A turn while it runs. */
export interface RunningTurn {
  readonly signal: AbortSignal
  /** The fields that every hook of the turn gets. */
  readonly context: () => Json
}

/** What the turn has shown so far. */
interface Said {
  any: boolean
  partial: string
  message: string
  error?: string
}

/** Runs the turn of a prompt. An abort of its signal interrupts it. */
export async function runTurn(
  prompt: string,
  deps: TurnDeps,
  turn: RunningTurn,
): Promise<TurnResult> {
  const said: Said = { any: false, partial: '', message: '' }
  const end = await runSteps(prompt, deps, turn, said)
  const { message, error } = said
  return { end, message, ...(error !== undefined && { error }) }
}

async function runSteps(
  prompt: string,
  deps: TurnDeps,
  turn: RunningTurn,
  said: Said,
): Promise<TurnEnd> {
  try {
    for (const step of parsePrompt(prompt)) {
      const end = await runStep(step, deps, turn, said)
      if (end !== null) return end
    }
    return 'answered'
  } catch (error) {
    if (!turn.signal.aborted) throw error
    if (said.partial) answer(said.partial, deps, said)
    const text = '[Request interrupted by user]'
    deps.transcript().add('user', { message: { role: 'user', content: [{ type: 'text', text }] } })
    return said.any ? 'interrupted' : 'unanswered'
  } finally {
    deps.progress({ partial: null, retry: null })
  }
}

async function runStep(
  step: Step,
  deps: TurnDeps,
  turn: RunningTurn,
  said: Said,
): Promise<TurnEnd | null> {
  const { signal } = turn
  switch (step.kind) {
    case 'say':
      answer(step.text, deps, said)
      return 'answered'
    case 'slow':
      await stream(step, deps, signal, said)
      return 'answered'
    case 'think':
      await sleep(step.seconds * 1000, null, { signal })
      answer(step.text, deps, said)
      return 'answered'
    case 'hang':
      await sleep(2 ** 30, null, { signal })
      return 'failed'
    case 'error':
      return fail(step, deps, signal, said)
    case 'die':
      return deps.die(step.how)
    case 'link':
      deps.link.change(step.what)
      return null
    case 'children': {
      const pids = await deps.tools.leave(step.kinds)
      deps.focus.print('', `● children ${pids.join(' ')}`)
      return null
    }
    case 'tool': {
      said.any = true
      const call = toolCall(step.tool, step.argument, deps)
      if (call === null) deps.focus.print('', `● The stand-in has no tool "${step.tool}".`)
      const end = call && (await useTool(call, deps, { signal, context: turn.context() }))
      return end === null || end === 'done' ? null : end
    }
  }
}

function answer(text: string, deps: TurnDeps, said: Said): void {
  said.message = text
  deps.transcript().add('assistant', assistantMessage([{ type: 'text', text }], 'end_turn'))
  deps.focus.print('', `● ${text}`)
}

async function stream(
  { seconds, text }: { readonly seconds: number; readonly text: string },
  deps: TurnDeps,
  signal: AbortSignal,
  said: Said,
): Promise<void> {
  for (let i = 0; i < seconds * 5; i++) {
    said.any = true
    said.partial += `chunk ${i} `
    deps.progress({ partial: said.partial })
    await sleep(200, null, { signal })
  }
  deps.progress({ partial: null })
  answer(said.partial + text, deps, said)
}

const retries = 10

async function fail(
  { status, seconds, limit = 'five_hour' }: Step & { readonly kind: 'error' },
  deps: TurnDeps,
  signal: AbortSignal,
  said: Said,
): Promise<TurnEnd> {
  if (status === 429) {
    const reset = seconds ?? 7200
    Object.assign(said, usageLimit(reset, limit, deps))
    deps.limited(reset, limit)
    return 'failed'
  }
  for (let attempt = 1; status >= 500 && attempt <= retries; attempt++) {
    const pause = deps.behaviour.retryMs * Math.min(64, 2 ** (attempt - 1))
    const shown = `retrying in ${Math.ceil(pause / 1000)}s · attempt ${attempt}/${retries}`
    deps.progress({ retry: `✻ ${status} Internal server error · ${shown}` })
    await sleep(pause, null, { signal })
  }
  Object.assign(said, apiFailure(status, deps))
  return 'failed'
}
