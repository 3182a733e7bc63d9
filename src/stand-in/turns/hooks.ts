// Runs the hooks of a `--settings` file. As in Claude Code, a shell runs the command and gets the event
// on stdin as JSON.
import { spawn } from 'node:child_process'
import { readJson, type Json } from '../files/home.ts'

export interface Hooks {
  /** Runs the hooks of an event. Resolves when all have ended; their exit codes change nothing. */
  run(event: string, fields?: Json): Promise<void>
}

interface Entry {
  readonly matcher?: string
  readonly hooks?: readonly { readonly type?: string; readonly command?: string }[]
}

/** The hooks of a settings file; null means none. */
export function createHooks(
  settings: string | null,
  common: () => Json,
  env: NodeJS.ProcessEnv,
): Hooks {
  const table = (settings === null ? {} : (readJson(settings)['hooks'] ?? {})) as Record<
    string,
    readonly Entry[] | undefined
  >
  return {
    async run(event, fields = {}) {
      const tool = fields['tool_name'] as string | undefined
      const commands = (table[event] ?? [])
        .filter(({ matcher }) => !matcher || !tool || new RegExp(`^(?:${matcher})$`).test(tool))
        .flatMap(({ hooks }) => hooks ?? [])
        .flatMap(({ type, command }) => (type === 'command' && command ? [command] : []))
      const input = JSON.stringify({ ...common(), hook_event_name: event, ...fields })
      await Promise.all(commands.map((command) => runHook(command, input, env)))
    },
  }
}

function runHook(command: string, input: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['pipe', 'ignore', 'ignore'] })
    child.on('error', () => resolve())
    child.on('exit', () => resolve())
    // A hook may end without reading its input, and the write fails then.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
