// The spawned client: one tmux process per call. The spawned client is the reference for what a call
// means; the control client does the same faster, and falls back to this one.
import { execa } from 'execa'
import { startPatience } from '../patience.ts'
import { quoteLine, spawnedArgs, type Command } from './quote.ts'
import { classify, type Reply, type Run, type RunOptions } from './reply.ts'
import type { Rescued } from './lost-socket.ts'
import type { Server } from './socket.ts'

export interface SpawnedOptions {
  readonly server: Server
  /** Called before each call, for the program to run. */
  readonly tmuxPath: () => string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Looks for a server that lives although its socket does not answer. */
  readonly rescue?: () => Promise<Rescued>
}

export interface SpawnedClient {
  readonly run: Run
  /** Resolves once no process of this client is left. */
  close(): Promise<void>
}

// tmux's client sends its arguments in one message of at most 16 KiB ("command too long").
const argBytesMax = 15_000

/** Makes a client that starts tmux for each call and kills it at the deadline. */
export function createSpawned(options: SpawnedOptions): SpawnedClient {
  const { rescue = () => Promise.resolve(null) } = options
  const running = new Set<Promise<Reply>>()

  /** Starts a server only where none lives: a server that lost its socket keeps every agent in it. */
  async function ask(...[commands, runOptions]: Parameters<Run>): Promise<Reply> {
    const reply = await spawnCall(options, commands, { runOptions })
    if (reply.kind !== 'no-server') return reply
    const lost = await rescue()
    if (lost === 'reopened') return spawnCall(options, commands, { runOptions })
    if (lost) return lost
    return runOptions?.mayStart ? spawnCall(options, commands, { runOptions, starts: true }) : reply
  }

  return {
    run(commands, runOptions) {
      const reply = ask(commands, runOptions)
      running.add(reply)
      return reply.finally(() => running.delete(reply))
    },
    async close() {
      await Promise.allSettled(running)
    },
  }
}

/** Runs one tmux to its end or its deadline; `starts` lets that tmux start a server. */
async function spawnCall(
  { server, tmuxPath, env, timeoutMs }: SpawnedOptions,
  commands: readonly Command[],
  { runOptions, starts = false }: { runOptions: RunOptions | undefined; starts?: boolean },
): Promise<Reply> {
  const neverStart = server.kind === 'given' || starts ? [] : ['-N']
  const words = spawnedArgs(commands)
  const isLong = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0) > argBytesMax
  // A server keeps the arguments of the client that started it, and the process list shows them to
  // every user. A call that may start a server goes through standard input; source-file starts none.
  const viaInput = isLong || runOptions?.mayStart
  const child = execa(
    tmuxPath(),
    [
      ...server.args,
      ...neverStart,
      ...(viaInput ? ['start-server', ';', 'source-file', '-'] : words),
    ],
    {
      env,
      extendEnv: false,
      cwd: '/',
      reject: false,
      stripFinalNewline: false,
      ...(viaInput ? { input: `${quoteLine(commands)}\n` } : { stdin: 'ignore' }),
    },
  )
  let isLate = false
  const endPatience = startPatience(timeoutMs, () => {
    isLate = true
    child.kill('SIGKILL')
    // A server that hangs holds the other ends of these pipes, so execa's own timeout would wait for it.
    child.stdout.destroy()
    child.stderr.destroy()
  })
  const result = await child
  endPatience()
  if (isLate) return { kind: 'timeout', stderr: '' }
  return replyOf(result)
}

/** What a tmux process that ended in time has answered. */
function replyOf(result: {
  readonly exitCode?: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly shortMessage?: string | undefined
}): Reply {
  const stderr = result.stderr.trimEnd()
  const lines = result.stdout.split('\n').slice(0, -1)
  // A server that refuses a user says so, and its client exits with 0.
  if (result.exitCode === 0 && !/^access not allowed/m.test(stderr)) return { kind: 'ok', lines }
  if (result.exitCode === undefined && stderr === '')
    return { kind: 'unavailable', stderr: result.shortMessage ?? 'tmux could not be run' }
  return { kind: classify(stderr), stderr, lines }
}
