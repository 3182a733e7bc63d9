// The prompt: its draft, and the effect of each key.
import type { Behaviour } from '../behaviour.ts'
import type { Key } from '../terminal/keys.ts'
import type { TurnRunner } from '../turns/turn-runner.ts'
import { runCommand, type CommandDeps } from './commands.ts'
import { createDraft, type Draft } from './draft.ts'

export interface PromptBox {
  /** The state to draw; each key changes it. */
  readonly shown: {
    readonly draft: Pick<Draft, 'text' | 'display'>
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
  const draft = createDraft()
  const shown = { draft, hint: null as string | null, isAway: false }
  let hasBegun = false
  let isParked = false

  function enter(): void {
    if (!hasBegun || draft.continueLine() || draft.text().trim() === '') return
    const { isPaste, ...prompt } = draft.take()
    runner.cancelContinuation()
    // A command that begins a long paste is text.
    if (isPaste || !runCommand(prompt.typed, deps)) turns.submit({ ...prompt, isTyped: true })
  }

  /** Interrupts a turn. Without one, the second Escape clears the draft. */
  function escape(): void {
    runner.cancelContinuation()
    if (turns.current) turns.current.abort.abort()
    else draft.escape()
  }

  function interrupt(): void {
    if (turns.current) turns.current.abort.abort()
    else if (draft.text() !== '') draft.clear()
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
    if (!deps.hasAgentView || !hasBegun || draft.text() !== '' || turns.current) return
    shown.isAway = true
    if (!isParked) deps.park()
    isParked = true
  }

  function onKey(key: Key): void {
    if (shown.isAway) shown.isAway = key.type !== 'escape'
    else if (key.type === 'left') leave()
    else if (key.type === 'enter') enter()
    else if (key.type === 'escape') escape()
    else if (key.type === 'interrupt' || key.type === 'eof') interrupt()
    else draft.edit(key)
    focus.refresh()
  }

  return {
    shown,
    onKey,
    begin() {
      hasBegun = true
    },
    giveBack(text) {
      if (draft.text() === '') draft.edit({ type: 'text', text })
    },
  }
}
