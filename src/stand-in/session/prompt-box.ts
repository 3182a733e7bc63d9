// The prompt: its draft, and the effect of each key.
import type { Behaviour } from '../behaviour.ts'
import type { Key } from '../terminal/keys.ts'
import type { TurnRunner } from '../turns/turn-runner.ts'
import { runCommand, type CommandDeps } from './commands.ts'

export interface PromptBox {
  /** The state to draw; each key changes it. */
  readonly shown: {
    readonly draft: string
    /** A line that replaces the footer; null shows the footer. */
    readonly hint: string | null
    /** Whether the list of background sessions covers the prompt. */
    readonly isAway: boolean
  }
  /** Before this call Enter submits nothing and Left does nothing. */
  begin(): void
  readonly onKey: (key: Key) => void
  /** Restores an interrupted prompt as the draft, unless the user has typed another. */
  giveBack(text: string): void
}

export interface PromptBoxDeps extends CommandDeps {
  readonly behaviour: Pick<Behaviour, 'exitAgainMs'>
  /** Whether Left at an empty prompt moves the session to the background. */
  readonly hasAgentView: boolean
  /** Moves the session to the background. */
  park(): void
}

/** An empty prompt. Keys before `begin` change the draft. */
export function createPromptBox(deps: PromptBoxDeps, runner: TurnRunner): PromptBox {
  const { focus } = deps
  const { turns } = runner
  const shown = { draft: '', hint: null as string | null, isAway: false }
  let hasBegun = false
  let isParked = false

  function enter(): void {
    if (!hasBegun) return
    const text = shown.draft
    if (text.endsWith('\\')) shown.draft = `${text.slice(0, -1)}\n`
    else if (text.trim() !== '') {
      shown.draft = ''
      runner.cancelContinuation()
      if (!runCommand(text, deps)) turns.submit({ text, isTyped: true })
    }
  }

  function interrupt(): void {
    if (turns.current) turns.current.abort.abort()
    else if (shown.draft !== '') shown.draft = ''
    else if (shown.hint !== null) deps.end(0)
    else {
      shown.hint = 'Press Ctrl-C again to exit'
      setTimeout(() => {
        shown.hint = null
        focus.refresh()
      }, deps.behaviour.exitAgainMs)
    }
  }

  /** Shows the list of background sessions. The first time, this pane's session moves into it. */
  function leave(): void {
    if (!deps.hasAgentView || !hasBegun || shown.draft !== '' || turns.current) return
    shown.isAway = true
    if (!isParked) deps.park()
    isParked = true
  }

  function onKey(key: Key): void {
    if (shown.isAway) shown.isAway = key.type !== 'escape'
    else if (key.type === 'left') leave()
    else if (key.type === 'enter') enter()
    else if (key.type === 'escape') {
      runner.cancelContinuation()
      turns.current?.abort.abort()
    } else if (key.type === 'interrupt' || key.type === 'eof') interrupt()
    else shown.draft = edit(shown.draft, key)
    focus.refresh()
  }

  return {
    shown,
    onKey,
    begin() {
      hasBegun = true
    },
    giveBack(text) {
      if (shown.draft === '') shown.draft = text
    },
  }
}

function edit(draft: string, key: Key): string {
  if (key.type === 'text' || key.type === 'paste') return draft + key.text
  if (key.type === 'newline') return `${draft}\n`
  if (key.type === 'backspace') return draft.replace(/.$/su, '')
  return key.type === 'erase' ? '' : draft
}
