// The interactive session: connects the prompt, the turns, the status and the screen.
import type { Behaviour } from '../behaviour.ts'
import type { Link } from '../files/link.ts'
import type { Registry } from '../files/registry.ts'
import type { Transcript } from '../files/transcript.ts'
import type { Focus } from '../terminal/focus.ts'
import { drawParked, drawPrompt } from '../terminal/prompt.ts'
import type { Line } from '../terminal/screen.ts'
import type { Hooks } from '../turns/hooks.ts'
import type { Tools } from '../turns/tools.ts'
import { createTurnRunner, type TurnRunner } from '../turns/turn-runner.ts'
import { secondsSince } from '../turns/turn-end.ts'
import { runCommand } from './commands.ts'
import { createPromptBox, type PromptBox } from './prompt-box.ts'
import type { Activity, Status } from './status.ts'

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
  readonly permissions: 'manual' | 'auto' | 'plan'
  transcript(): Transcript
  isLoggedIn(): boolean
  /** Starts a new conversation under this id. */
  renew(id: string): void
  /** Whether Left at an empty prompt moves the session to the background. */
  readonly hasAgentView: boolean
  /** Moves the session to the background. */
  park(): void
  die(how: string): Promise<never>
  end(code: number): void
}

export interface Session {
  /** Lets Enter submit, and submits `prompt`. Text typed before this call stays a draft. */
  begin(prompt: string | null): void
}

/** A session that reads keys at once. It draws its prompt from `begin` on. */
export function createSession(deps: SessionDeps): Session {
  const { focus, status, tools } = deps
  const runner = createTurnRunner({
    ...deps,
    changed,
    tick() {
      status.tick(activity())
      if (focus.open === null) focus.refresh()
    },
    giveBack: (text) => box.giveBack(text),
  })
  const { turns } = runner
  const box = createPromptBox(deps, runner)

  function activity(): Activity {
    return {
      isBusy: turns.current !== null,
      shells: tools.backgroundTasks().length,
      open: focus.open,
    }
  }

  function changed(): void {
    status.show(activity())
    focus.refresh()
  }

  const keys = { onKey: box.onKey, hasDraft: () => box.shown.draft.text() !== '' }
  focus.attach({ ...keys, view: () => [] })
  return {
    begin(prompt) {
      box.begin()
      focus.onDialog(changed)
      focus.attach({ ...keys, view: (columns) => draw(box.shown, runner, deps, columns) })
      changed()
      // As an argument, `!ls` is a prompt and `/model` is a command.
      if (prompt === null || (!prompt.startsWith('!') && runCommand(prompt, deps))) return
      turns.submit({ text: prompt, isTyped: true })
    },
  }
}

function draw(
  { draft, hint, isAway }: PromptBox['shown'],
  { turns, progress, permissions }: TurnRunner,
  { name, tools, link, hasAgentView, ...deps }: SessionDeps,
  columns: number,
): readonly Line[] {
  if (isAway) return drawParked(name, columns)
  const { current, queued } = turns
  const busy = current && { verb: current.verb, seconds: secondsSince(current.startedAt) }
  const shells = tools.backgroundTasks().length
  return drawPrompt(
    { ...progress, draft: draft.display(), queued, busy, shells, permissions, name, linked: link.isUp, hint, loggedIn: deps.isLoggedIn(), hasAgentView },
    columns,
  ) // prettier-ignore
}
