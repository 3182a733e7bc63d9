// The interactive session: the draft, the queue of prompts, one turn at a time, and the status that
// the registry and the title show. Part of src/demo, which imports no other room.
import { randomUUID } from 'node:crypto'
import type { Behaviour } from './behaviour.ts'
import { modelDialog, loginDialog } from './dialogs.ts'
import type { Desk } from './desk.ts'
import type { Hooks } from './hooks.ts'
import type { Key } from './keys.ts'
import type { Link } from './link.ts'
import { drawPrompt, submitted } from './prompt.ts'
import type { Registry } from './registry.ts'
import type { Screen } from './screen.ts'
import type { Tools } from './tools.ts'
import type { Transcript } from './transcript.ts'
import { runTurn, type TurnDeps, type TurnEnd } from './turn.ts'

export interface SessionDeps {
  readonly desk: Desk
  readonly screen: Screen
  readonly registry: Registry
  readonly tools: Tools
  readonly hooks: Hooks
  readonly link: Link
  readonly behaviour: Behaviour
  readonly cwd: string
  readonly name: string | null
  readonly permissions: 'manual' | 'auto'
  /** The real one keeps its title still when it sees tmux around it. */
  readonly animatesTitle: boolean
  transcript(): Transcript
  isLoggedIn(): boolean
  /** Starts a new conversation under this id. */
  renew(id: string): void
  die(how: string): Promise<never>
  end(code: number): void
}

export interface Session {
  /** From now on Enter submits; what was typed before is a draft. */
  begin(prompt: string | null): void
  refresh(): void
}

const frames = ['◐', '◑']
const verbs = ['Baking', 'Brewing', 'Churning', 'Cooking', 'Forging', 'Moseying']
const exitAgainMs = 800
const betweenMs = 14

interface Prompt {
  readonly text: string
  /** False for a turn that starts by itself. */
  readonly isTyped: boolean
}

interface Turn {
  readonly abort: AbortController
  readonly startedAt: number
  readonly verb: string
}

function secondsSince(startedAt: number): number {
  return Math.floor((Date.now() - startedAt) / 1000)
}

function clock(): string {
  return new Date().toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' })
}

/** A session that reads keys from the first moment and obeys them from `begin`. */
export function createSession(deps: SessionDeps): Session {
  const { desk, screen, registry, tools, behaviour } = deps
  let draft = ''
  const queue: Prompt[] = []
  let hint: string | null = null
  let partial: string | null = null
  let note: string | null = null
  let shells = 0
  // Between two queued prompts there is no turn, and yet none may start.
  let isBetween = false
  let turn: Turn | null = null
  let hasBegun = false
  let frame = 0
  let shown = ''
  let continueTimer: NodeJS.Timeout | undefined
  const turnDeps: TurnDeps = {
    ...deps,
    progress(next) {
      if (next.partial !== undefined) partial = next.partial
      if (next.note !== undefined) note = next.note
      desk.refresh()
    },
    backgroundEnded(code) {
      publish()
      desk.print('', `● Background command "mock background" completed (exit code ${code ?? 1})`)
      submit({ text: 'SAY done', isTyped: false })
    },
    limited(seconds) {
      // The real one goes on by itself a minute after the limit has ended.
      continueTimer = setTimeout(
        () => submit({ text: 'SAY continued', isTyped: false }),
        (seconds + 60) * 1000,
      )
    },
  }

  function publish(): void {
    const open = desk.open
    if (tools.backgroundCount() !== shells) shells = tools.backgroundCount()
    const status = open ? 'waiting' : turn ? 'busy' : shells > 0 ? 'shell' : 'idle'
    const waitingFor = open?.waitingFor ?? undefined
    updateTitle()
    desk.refresh()
    if (!hasBegun || behaviour.registry === 'no-status' || shown === `${status} ${waitingFor}`)
      return
    shown = `${status} ${waitingFor}`
    const now = Date.now()
    registry.set({ updatedAt: now, status, statusUpdatedAt: now, waitingFor })
  }

  function updateTitle(): void {
    const isMoving = turn !== null && desk.open === null && deps.animatesTitle
    const mark = isMoving ? frames[frame % frames.length] : '✳'
    screen.title(`${mark} ${deps.name ?? 'Claude Code'}`)
  }

  function tick(): void {
    frame++
    updateTitle()
    if (desk.open === null) desk.refresh()
  }

  function submit(prompt: Prompt): void {
    clearTimeout(continueTimer)
    const isQueued = turn !== null || isBetween
    // The hook tells that the prompt was taken, also when it has to wait.
    const told = prompt.isTyped ? deps.hooks.run('UserPromptSubmit', { prompt: prompt.text }) : null
    if (isQueued) queue.push(prompt)
    else void take(prompt, told)
    publish()
  }

  async function take({ text, isTyped }: Prompt, told: Promise<void> | null): Promise<void> {
    const verb = verbs[Math.floor(Math.random() * verbs.length)] ?? 'Baking'
    const mine = { abort: new AbortController(), startedAt: Date.now(), verb }
    isBetween = false
    turn = mine
    const ticker = setInterval(tick, behaviour.titleMs)
    if (isTyped) desk.print('', submitted(text))
    publish()
    await told
    deps.transcript().add('user', { message: { role: 'user', content: text } })
    let end: TurnEnd = 'failed'
    if (deps.isLoggedIn()) end = await runTurn(text, turnDeps, mine.abort.signal)
    else desk.print('  ⎿  Not logged in · Please run /login')
    clearInterval(ticker)
    turn = null
    finish(end, text, mine)
    const next = queue.shift()
    isBetween = next !== undefined
    publish()
    // The real one is idle for a moment between queued prompts.
    if (next) setTimeout(() => void take(next, null), betweenMs)
  }

  function finish(end: TurnEnd, prompt: string, { startedAt, verb }: Turn): void {
    const seconds = secondsSince(startedAt)
    const running = tools.backgroundCount()
    if (end === 'answered') {
      const more = running > 0 ? ` · ${running} shell still running` : ''
      desk.print('', `✻ ${verb.replace(/ing$/, 'ed')} for ${seconds}s · done ${clock()}${more}`)
      void deps.hooks.run('Stop', {
        background_tasks: Array.from({ length: running }, () => 'shell'),
      })
    } else if (end === 'interrupted') {
      desk.print('  ⎿  Interrupted · What should Claude do instead?')
    } else if (end === 'unanswered' && draft === '') draft = prompt
    else if (end === 'failed') void deps.hooks.run('StopFailure', {})
  }

  function command(text: string): boolean {
    const word = text.trim().split(/\s/)[0] ?? ''
    if (text.startsWith('!')) {
      desk.print('', submitted(text))
      void tools.run(text.slice(1), new AbortController().signal).then(({ output }) => {
        desk.print(`  ⎿  ${output}`)
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
      desk.clear()
      desk.print(submitted('/clear'))
    } else if (word === '/model' || word === '/login') {
      void desk.ask(word === '/model' ? modelDialog() : loginDialog('dialog open'))
    } else desk.print('', submitted(text), `  ⎿  Unknown command: ${word}`)
    return true
  }

  function enter(): void {
    if (!hasBegun) return
    if (draft.endsWith('\\')) draft = `${draft.slice(0, -1)}\n`
    else if (draft.trim() !== '') {
      const text = draft
      draft = ''
      if (!command(text)) submit({ text, isTyped: true })
    }
  }

  function interrupt(): void {
    if (turn) turn.abort.abort()
    else if (draft !== '') draft = ''
    else if (hint !== null) deps.end(0)
    else {
      hint = 'Press Ctrl-C again to exit'
      setTimeout(() => {
        hint = null
        desk.refresh()
      }, exitAgainMs)
    }
  }

  function onKey(key: Key): void {
    if (key.type === 'text' || key.type === 'paste') draft += key.text
    else if (key.type === 'newline') draft += '\n'
    else if (key.type === 'backspace') draft = draft.replace(/.$/su, '')
    else if (key.type === 'erase') draft = ''
    else if (key.type === 'enter') enter()
    else if (key.type === 'escape') {
      clearTimeout(continueTimer)
      turn?.abort.abort()
    } else if (key.type === 'interrupt' || key.type === 'eof') interrupt()
    desk.refresh()
  }

  function view(columns: number) {
    const busy = turn && {
      verb: turn.verb,
      seconds: Math.floor((Date.now() - turn.startedAt) / 1000),
    }
    const { name, link } = deps
    const loggedIn = deps.isLoggedIn()
    const { permissions } = turnDeps
    const queued = queue.flatMap((prompt) => (prompt.isTyped ? [prompt.text] : []))
    return drawPrompt({ draft, queued, busy, partial, note, shells, permissions, name, linked: link.isUp, hint, loggedIn }, columns) // prettier-ignore
  }

  desk.attach({ view: () => [], onKey })
  return {
    refresh: () => desk.refresh(),
    begin(prompt) {
      hasBegun = true
      turnDeps.permissions = deps.permissions
      desk.onDialog(publish)
      desk.attach({ view, onKey })
      publish()
      if (prompt !== null) submit({ text: prompt, isTyped: true })
    },
  }
}
