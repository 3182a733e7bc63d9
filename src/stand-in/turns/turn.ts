// One turn: the steps that a submitted prompt names, until the answer, a failure or an interrupt.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Behaviour } from '../behaviour.ts'
import type { Focus } from '../terminal/focus.ts'
import { bashDialog, colours, fileDialog, questionDialog } from '../terminal/dialogs.ts'
import { apiFailure, usageLimit } from './api-errors.ts'
import type { Hooks } from './hooks.ts'
import type { Link } from '../files/link.ts'
import { parsePrompt, type Step } from './directives.ts'
import { needsPermission, type Tools } from './tools.ts'
import type { Transcript } from '../files/transcript.ts'

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
  permissions: 'manual' | 'auto'
  transcript(): Transcript
  progress(progress: TurnProgress): void
  /** Crashes: by an exit code or a signal's name. */
  die(how: string): Promise<never>
  /** Called when a background command ends. Claude Code starts a turn then. */
  backgroundEnded(code: number | null): void
  /** Called at the usage limit, which ends in `seconds`. */
  limited(seconds: number): void
}

/** How a turn ended; `unanswered` is an interrupt before the first answer or tool. */
export type TurnEnd = 'answered' | 'failed' | 'denied' | 'interrupted' | 'unanswered'

/** Runs the turn of a prompt. An abort of `signal` interrupts it. */
export async function runTurn(
  prompt: string,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<TurnEnd> {
  const said = { any: false, partial: '' }
  try {
    for (const step of parsePrompt(prompt)) {
      const end = await runStep(step, deps, signal, said)
      if (end !== null) return end
    }
    return 'answered'
  } catch (error) {
    if (!signal.aborted) throw error
    if (said.partial) answer(said.partial, deps)
    return said.any ? 'interrupted' : 'unanswered'
  } finally {
    deps.progress({ partial: null, retry: null })
  }
}

async function runStep(
  step: Step,
  deps: TurnDeps,
  signal: AbortSignal,
  said: { any: boolean; partial: string },
): Promise<TurnEnd | null> {
  switch (step.kind) {
    case 'say':
      answer(step.text, deps)
      return 'answered'
    case 'slow':
      await stream(step, deps, signal, said)
      return 'answered'
    case 'think':
      await sleep(step.seconds * 1000, null, { signal })
      answer(step.text, deps)
      return 'answered'
    case 'hang':
      await sleep(2 ** 30, null, { signal })
      return 'failed'
    case 'error':
      return fail(step.status, step.seconds, deps, signal)
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
    case 'tool':
      said.any = true
      return (await useTool(step.tool, step.argument, deps, signal)) ? null : 'denied'
  }
}

function answer(text: string, deps: TurnDeps): void {
  deps.transcript().add('assistant', {
    message: {
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5-5',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
    },
  })
  deps.focus.print('', `● ${text}`)
}

async function stream(
  { seconds, text }: { readonly seconds: number; readonly text: string },
  deps: TurnDeps,
  signal: AbortSignal,
  said: { any: boolean; partial: string },
): Promise<void> {
  for (let i = 0; i < seconds * 5; i++) {
    said.any = true
    said.partial += `chunk ${i} `
    deps.progress({ partial: said.partial })
    await sleep(200, null, { signal })
  }
  deps.progress({ partial: null })
  answer(said.partial + text, deps)
}

const retries = 10

async function fail(
  status: number,
  seconds: number | null,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<TurnEnd> {
  if (status === 429) {
    const reset = seconds ?? 7200
    usageLimit(reset, deps)
    deps.limited(reset)
    return 'failed'
  }
  for (let attempt = 1; status >= 500 && attempt <= retries; attempt++) {
    const pause = deps.behaviour.retryMs * Math.min(64, 2 ** (attempt - 1))
    const shown = `retrying in ${Math.ceil(pause / 1000)}s · attempt ${attempt}/${retries}`
    deps.progress({ retry: `✻ ${status} Internal server error · ${shown}` })
    await sleep(pause, null, { signal })
  }
  apiFailure(status, deps)
  return 'failed'
}

/** Runs one tool; asks first where Claude Code would. Returns false when the user refuses. */
async function useTool(
  tool: string,
  argument: string,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<boolean> {
  switch (tool) {
    case 'bash':
    case 'bg':
      return useBash(argument, tool === 'bg', deps, signal)
    case 'edit':
    case 'write':
      return useFile(argument, tool, deps)
    case 'read':
      deps.focus.print('', '  Read 1 file')
      return true
    case 'ask': {
      const choice = await deps.focus.ask(questionDialog())
      if (choice === null) return false
      deps.focus.print('', "● Answered Claude's questions:", `  ⎿  · Which colour 1? → ${colours[choice] ?? 'other'}`) // prettier-ignore
      return true
    }
    default:
      deps.focus.print('', `● The stand-in has no tool "${tool}".`)
      return true
  }
}

async function useBash(
  command: string,
  background: boolean,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const { focus, tools, hooks } = deps
  const description = background ? 'mock background' : 'mock command'
  const input = { tool_name: 'Bash', tool_input: { command, description } }
  await hooks.run('PreToolUse', input)
  if (deps.permissions === 'manual' && needsPermission(command)) {
    void hooks.run('PermissionRequest', input)
    const choice = await focus.ask(bashDialog(command, description, deps.cwd))
    if (choice === null || choice === 3) {
      focus.print('', '● Mock command', '  ⎿  Rejected')
      return false
    }
    if (choice === 2) deps.permissions = 'auto'
  }
  if (background) {
    tools.background(command, ({ code }) => deps.backgroundEnded(code))
    focus.print('', '  Ran 1 shell command')
    return true
  }
  const { code } = await tools.run(command, signal)
  signal.throwIfAborted()
  focus.print('', `  Ran 1 shell command${code === 0 ? '' : ' · 1 failed'}`)
  await hooks.run('PostToolUse', input)
  return true
}

async function useFile(name: string, tool: 'edit' | 'write', deps: TurnDeps): Promise<boolean> {
  const file = resolve(deps.cwd, name)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : null
  const before = text?.split('\n')[0] ?? null
  const after = `${tool === 'edit' ? 'edited' : 'written'} ${Date.now()}`
  const input = { tool_name: tool === 'edit' ? 'Edit' : 'Write', tool_input: { file_path: file } }
  await deps.hooks.run('PreToolUse', input)
  if (deps.permissions === 'manual') {
    void deps.hooks.run('PermissionRequest', input)
    const choice = await deps.focus.ask(fileDialog(file, before, after))
    if (choice === null || choice === 2) {
      deps.focus.print('', `● Update(${name})`, `  ⎿  Rejected update to ${name}`)
      return false
    }
    if (choice === 1) deps.permissions = 'auto'
  }
  writeFileSync(file, tool === 'edit' && text !== null && before !== null ? after + text.slice(before.length) : `${after}\n`) // prettier-ignore
  deps.focus.print('', `● Update(${name})`, '  ⎿  Updated')
  await deps.hooks.run('PostToolUse', input)
  return true
}
