// Runs the hooks of a `--settings` file. As in Claude Code, a shell runs each command in the session's
// folder, gets the event on stdin as JSON, and may answer a PermissionRequest on stdout.
import { spawn, type ChildProcess } from 'node:child_process'
import { readJson, type Json } from '../files/home.ts'

export interface Hooks {
  /** Runs the hooks of an event. Resolves when all have ended; neither output nor exit code changes anything. */
  run(event: string, fields?: Json): Promise<void>
  /**
   * Runs the hooks of PermissionRequest. Resolves to the first decision, or to null when all have ended
   * without one. An abort of `signal` ends them; else they run until they end by themselves or `stop`.
   */
  decide(fields: Json, signal: AbortSignal): Promise<Decision | null>
  /** Ends every running hook. */
  stop(): void
}

/** The answer of a PermissionRequest hook. */
export interface Decision {
  readonly behavior: 'allow' | 'deny'
  /** Why not, for the model. */
  readonly message?: string
  /** Whether a denial also ends the turn. */
  readonly interrupt?: boolean
  /** The tool's input in place of the one it asked for. */
  readonly updatedInput?: Json
}

interface Hook {
  readonly type?: string
  readonly command?: string
  /** Seconds. */
  readonly timeout?: number
}

type Table = Record<
  string,
  readonly { readonly matcher?: string; readonly hooks?: readonly Hook[] }[] | undefined
>

const outputCharsMax = 1_000_000

/** The hooks of a settings file; null means none. `common` returns the fields that every event has. */
export function createHooks(
  settings: string | null,
  common: () => Json & { readonly cwd: string },
  env: NodeJS.ProcessEnv,
): Hooks {
  const table = (settings === null ? {} : (readJson(settings)['hooks'] ?? {})) as Table
  const running = new Set<ChildProcess>()

  /** Starts the hooks of an event. Each promise resolves to what the hook printed, or to null after a failure. */
  function start(event: string, fields: Json, signal?: AbortSignal): Promise<string | null>[] {
    const tool = fields['tool_name'] as string | undefined
    const { cwd } = common()
    const input = JSON.stringify({ ...common(), hook_event_name: event, ...fields })
    return (table[event] ?? [])
      .filter(({ matcher }) => !matcher || !tool || new RegExp(`^(?:${matcher})$`).test(tool))
      .flatMap(({ hooks }) => hooks ?? [])
      .flatMap(({ type, command, timeout }) =>
        type === 'command' && command
          ? [runHook(command, input, { timeout, signal, cwd, env, running })]
          : [],
      )
  }

  return {
    async run(event, fields = {}) {
      await Promise.all(start(event, fields))
    },
    decide(fields, signal) {
      const outputs = start('PermissionRequest', fields, signal)
      return new Promise((resolve) => {
        for (const output of outputs)
          void output.then((text) => {
            const decision = text === null ? null : decisionIn(text)
            if (decision !== null) resolve(decision)
          })
        void Promise.all(outputs).then(() => resolve(null))
      })
    },
    stop() {
      for (const child of running) end(child)
    },
  }
}

interface RunOptions {
  /** Seconds. */
  readonly timeout: number | undefined
  /** Ends the hook. */
  readonly signal: AbortSignal | undefined
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Holds the hook while it runs. */
  readonly running: Set<ChildProcess>
}

/** Resolves to what the hook printed, or to null when it failed. */
function runHook(
  command: string,
  input: string,
  { timeout, signal, cwd, env, running }: RunOptions,
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      cwd,
      env: { ...env, CLAUDE_PROJECT_DIR: cwd },
      // Claude Code ends a hook together with what the hook started.
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    running.add(child)
    const onAbort = () => end(child)
    signal?.addEventListener('abort', onAbort, { once: true })
    const timer = timeout === undefined ? undefined : setTimeout(onAbort, timeout * 1000)
    let output = ''
    const done = (result: string | null) => {
      running.delete(child)
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve(result)
    }
    child.stdout.on('data', (chunk: Buffer) => {
      if (output.length < outputCharsMax) output += chunk.toString()
    })
    child.on('error', () => done(null))
    child.on('close', (code) => done(code === 0 ? output : null))
    // A hook may end without reading its input, and the write fails then.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

function end({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // The hook has ended.
  }
}

/** The decision in a hook's output; null when the output is anything else, which decides nothing. */
function decisionIn(text: string): Decision | null {
  try {
    const { hookSpecificOutput: output } = JSON.parse(text) as {
      hookSpecificOutput?: { hookEventName?: string; decision?: Decision }
    }
    if (output?.hookEventName !== 'PermissionRequest') return null
    const { decision } = output
    return decision?.behavior === 'allow' || decision?.behavior === 'deny' ? decision : null
  } catch {
    return null
  }
}
