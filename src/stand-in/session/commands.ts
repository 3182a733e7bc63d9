// `!shell` and `/slash`: the submitted lines that start no turn.
import { randomUUID } from 'node:crypto'
import type { Registry } from '../files/registry.ts'
import { loginDialog, modelDialog } from '../terminal/dialogs.ts'
import type { Focus } from '../terminal/focus.ts'
import { submitted } from '../terminal/prompt.ts'
import type { Hooks } from '../turns/hooks.ts'
import type { Tools } from '../turns/tools.ts'

export interface CommandDeps {
  readonly focus: Focus
  readonly registry: Registry
  readonly tools: Tools
  readonly hooks: Hooks
  /** Starts a new conversation under this id. */
  renew(id: string): void
  end(code: number): void
}

/** Runs a command. Returns false when the text is a prompt, which the caller submits. */
export function runCommand(text: string, deps: CommandDeps): boolean {
  const { focus } = deps
  const word = text.trim().split(/\s/)[0] ?? ''
  if (text.startsWith('!')) runShell(text, deps)
  else if (!/^\/[a-z-]+$/.test(word)) return false
  else if (word === '/exit' || word === '/quit') deps.end(0)
  else if (word === '/clear') clear(deps)
  else if (word === '/model') void focus.ask(modelDialog())
  else if (word === '/login') void focus.ask(loginDialog('dialog open'))
  else focus.print('', submitted(text), `  ⎿  Unknown command: ${word}`)
  return true
}

function runShell(text: string, { focus, tools }: CommandDeps): void {
  focus.print('', submitted(text))
  void tools
    .run(text.slice(1), new AbortController().signal)
    .then(({ output }) => focus.print(`  ⎿  ${output}`))
}

/** Changes the conversation's id. As with Claude Code, the pid and the time of the status stay. */
function clear({ focus, registry, hooks, ...deps }: CommandDeps): void {
  const id = randomUUID()
  void hooks.run('SessionEnd', { reason: 'clear' })
  deps.renew(id)
  void hooks.run('SessionStart', { source: 'clear' })
  registry.set({ sessionId: id, updatedAt: Date.now() })
  focus.clear()
  focus.print(submitted('/clear'))
}
