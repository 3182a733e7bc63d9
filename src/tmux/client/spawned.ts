// The spawned client: one tmux process per call. It is the reference for what a call means; the
// control client does the same faster and falls back to this one.
import { execa } from 'execa'
import { startPatience } from '../patience.ts'
import { quoteLine, spawnedArgs } from './quote.ts'
import { classify, type Reply, type Run, type RunOptions } from './reply.ts'
import type { Rescued } from './lost-socket.ts'
import type { Server } from './socket.ts'

export interface SpawnedOptions {
  readonly server: Server
  /** Asked before each call. */
  readonly tmuxPath: () => string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Looks for a server that lives although nobody answers on its socket. */
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
export function createSpawned({
  server,
  tmuxPath,
  env,
  timeoutMs,
  rescue = () => Promise.resolve(null),
}: SpawnedOptions): SpawnedClient {
  const running = new Set<Promise<Reply>>()

  async function call(
    commands: Parameters<Run>[0],
    { options, starts = false }: { options: RunOptions | undefined; starts?: boolean },
  ): Promise<Reply> {
    const neverStart = server.kind === 'given' || starts ? [] : ['-N']
    const words = spawnedArgs(commands)
    const isLong = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0) > argBytesMax
    // A server keeps the arguments of whoever started it, for everybody to see in the process list,
    // so what may start one goes through standard input, too. source-file itself starts none.
    const viaInput = isLong || options?.mayStart
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
      // A server that hangs holds the other ends of these, so execa's own timeout would wait for it.
      child.stdout.destroy()
      child.stderr.destroy()
    })
    const result = await child
    endPatience()
    if (isLate) return { kind: 'timeout', stderr: '' }
    const stderr = result.stderr.trimEnd()
    // A server that refuses a user says so and exits 0.
    const lines = result.stdout.split('\n').slice(0, -1)
    if (result.exitCode === 0 && !/^access not allowed/m.test(stderr)) return { kind: 'ok', lines }
    if (result.exitCode === undefined && stderr === '')
      return { kind: 'unavailable', stderr: result.shortMessage ?? 'tmux could not be run' }
    return { kind: classify(stderr), stderr, lines }
  }

  /** Starts a server only where none lives: one that lost its socket would be left with all that runs in it. */
  async function ask(...[commands, options]: Parameters<Run>): Promise<Reply> {
    const reply = await call(commands, { options })
    if (reply.kind !== 'no-server') return reply
    const lost = await rescue()
    if (lost === 'reopened') return call(commands, { options })
    if (lost) return lost
    return options?.mayStart ? call(commands, { options, starts: true }) : reply
  }

  return {
    run(commands, options) {
      const reply = ask(commands, options)
      running.add(reply)
      return reply.finally(() => running.delete(reply))
    },
    async close() {
      await Promise.allSettled(running)
    },
  }
}
