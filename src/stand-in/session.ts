// The interactive session: the draft, what its keys do, and how it all looks.
import { randomUUID } from 'node:crypto'
import type { Behaviour } from './behaviour.ts'
import { modelDialog, loginDialog } from './terminal/dialogs.ts'
import type { Focus } from './terminal/focus.ts'
import type { Hooks } from './turns/hooks.ts'
import type { Key } from './terminal/keys.ts'
import type { Link } from './files/link.ts'
import { drawParked, drawPrompt, submitted } from './terminal/prompt.ts'
import type { Registry } from './files/registry.ts'
import type { Line } from './terminal/screen.ts'
import type { Status } from './files/status.ts'
import type { Tools } from './turns/tools.ts'
import type { Transcript } from './files/transcript.ts'
import { runTurn, type TurnDeps } from './turns/turn.ts'
import { createTurns, secondsSince } from './turns/turns.ts'

export interface SessionDeps {
  readonly focus: Focus
  readonly status: Status
  readonly registry: Registry
  readonly tools: Tools
  readonly hooks: Hooks
  readonly link: Link
  readonly behaviour: Behaviour
  readonly cwd: string
  readonly name: string | null
  readonly permissions: 'manual' | 'auto'
  transcript(): Transcript
  isLoggedIn(): boolean
  /** Starts a new conversation under this id. */
  renew(id: string): void
  /** Whether Left at an empty prompt moves the session to the background. */
  readonly hasAgentView: boolean
  /** Moves it there. */
  park(): void
  die(how: string): Promise<never>
  end(code: number): void
}

export interface Session {
  /** From now on Enter submits; what was typed before is a draft. */
  begin(prompt: string | null): void
}

/** A session that reads keys from the first moment and obeys them from `begin`. */
export function createSession(deps: SessionDeps): Session {
  const { focus, registry, tools, link, name } = deps
  let draft = ''
  let hint: string | null = null
  let partial: string | null = null
  let note: string | null = null
  let hasBegun = false
  let isAway = false
  let isParked = false
  let continueTimer: NodeJS.Timeout | undefined

  const turnDeps: TurnDeps = {
    ...deps,
    progress(next) {
      if (next.partial !== undefined) partial = next.partial
      if (next.note !== undefined) note = next.note
      focus.refresh()
    },
    backgroundEnded(code) {
      focus.print('', `● Background command "mock background" completed (exit code ${code ?? 1})`)
      turns.submit({ text: 'SAY done', isTyped: false })
    },
    limited(seconds) {
      // The real one goes on by itself a minute after the limit has ended.
      continueTimer = setTimeout(
        () => turns.submit({ text: 'SAY continued', isTyped: false }),
        (seconds + 60) * 1000,
      )
    },
  }
  const turns = createTurns({
    ...deps,
    run: (text, signal) => runTurn(text, turnDeps, signal),
    changed,
    tick() {
      deps.status.tick(activity())
      if (focus.open === null) focus.refresh()
    },
    giveBack(text) {
      if (draft === '') draft = text
    },
  })

  function activity() {
    return { isBusy: turns.current !== null, shells: tools.backgroundCount(), open: focus.open }
  }

  function changed(): void {
    deps.status.show(activity())
    focus.refresh()
  }

  /** Carries out `!shell` and `/slash`; false for a prompt. */
  function obey(text: string): boolean {
    const word = text.trim().split(/\s/)[0] ?? ''
    if (text.startsWith('!')) {
      focus.print('', submitted(text))
      void tools.run(text.slice(1), new AbortController().signal).then(({ output }) => {
        focus.print(`  ⎿  ${output}`)
      })
      return true
    }
    if (!/^\/[a-z-]+$/.test(word)) return false
    if (word === '/exit' || word === '/quit') deps.end(0)
    else if (word === '/clear') {
      // The conversation changes under the same pid, and the status' time stays.
      const id = randomUUID()
      deps.renew(id)
      registry.set({ sessionId: id, updatedAt: Date.now() })
      focus.clear()
      focus.print(submitted('/clear'))
    } else if (word === '/model' || word === '/login') {
      void focus.ask(word === '/model' ? modelDialog() : loginDialog('dialog open'))
    } else focus.print('', submitted(text), `  ⎿  Unknown command: ${word}`)
    return true
  }

  function enter(): void {
    if (!hasBegun) return
    if (draft.endsWith('\\')) draft = `${draft.slice(0, -1)}\n`
    else if (draft.trim() !== '') {
      const text = draft
      draft = ''
      clearTimeout(continueTimer)
      if (!obey(text)) turns.submit({ text, isTyped: true })
    }
  }

  function interrupt(): void {
    if (turns.current) turns.current.abort.abort()
    else if (draft !== '') draft = ''
    else if (hint !== null) deps.end(0)
    else {
      hint = 'Press Ctrl-C again to exit'
      setTimeout(() => {
        hint = null
        focus.refresh()
      }, deps.behaviour.exitAgainMs)
    }
  }

  /** Shows the list of sessions in the background; the one of this pane is in it from the first time on. */
  function leave(): void {
    if (!deps.hasAgentView || !hasBegun || draft !== '' || turns.current) return
    isAway = true
    if (!isParked) deps.park()
    isParked = true
  }

  function onKey(key: Key): void {
    if (isAway) isAway = key.type !== 'escape'
    else if (key.type === 'left') leave()
    else if (key.type === 'text' || key.type === 'paste') draft += key.text
    else if (key.type === 'newline') draft += '\n'
    else if (key.type === 'backspace') draft = draft.replace(/.$/su, '')
    else if (key.type === 'erase') draft = ''
    else if (key.type === 'enter') enter()
    else if (key.type === 'escape') {
      clearTimeout(continueTimer)
      turns.current?.abort.abort()
    } else if (key.type === 'interrupt' || key.type === 'eof') interrupt()
    focus.refresh()
  }

  function view(columns: number): readonly Line[] {
    if (isAway) return drawParked(name, columns)
    const turn = turns.current
    const busy = turn && { verb: turn.verb, seconds: secondsSince(turn.startedAt) }
    const loggedIn = deps.isLoggedIn()
    const { permissions } = turnDeps
    const { hasAgentView } = deps
    const shells = tools.backgroundCount()
    const state = { draft, queued: turns.queued, busy, partial, note, shells, permissions }
    return drawPrompt({ ...state, name, linked: link.isUp, hint, loggedIn, hasAgentView }, columns)
  }

  focus.attach({ view: () => [], onKey })
  return {
    begin(prompt) {
      hasBegun = true
      focus.onDialog(changed)
      focus.attach({ view, onKey })
      changed()
      if (prompt !== null) turns.submit({ text: prompt, isTyped: true })
    },
  }
}
