// One attached control-mode client from its start to its end: lab writes commands, and matches the replies in order.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { startPatience } from '../patience.ts'
import { createReader, type Block } from './protocol.ts'
import { quoteLine, type Command } from './quote.ts'
import { classify, type Reply } from './reply.ts'

export interface ConnectionOptions {
  readonly tmuxPath: string
  /** The arguments that make tmux attach in control mode. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Called at once with the client's pid. */
  readonly onSpawned?: (pid: number) => void
  readonly onNotice: (name: string) => void
  /** Called once with the reason, when a connection that was up ends; not after `close`. */
  readonly onEnd: (reason: string) => void
}

export interface Connection {
  run(commands: readonly Command[]): Promise<Reply>
  /** Detaches; resolves once the process is gone. */
  close(): Promise<void>
}

/**
 * Starts a control-mode client and resolves once it is attached, or with the reason as a string when it
 * does not attach in time. A timeout, or an answer that fits no call, ends the connection, because no
 * later answer could be matched to its call.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection | string> {
  const { timeoutMs } = options
  const client = startClient(options)
  const exchange = createExchange(client, options)
  const { attached, end } = exchange

  // Not before the deadline: a client that goes while it introduces itself can end the server
  // (https://github.com/tmux/tmux/pull/5004).
  const stopWaiting = startPatience(timeoutMs, () => end(`not attached within ${timeoutMs} ms`))
  const failure = await attached
  stopWaiting()
  if (failure !== null) {
    await client.exited
    return failure
  }

  return {
    run(commands) {
      if (!exchange.isUp()) return Promise.resolve({ kind: 'unavailable', stderr: 'not connected' })
      const reply = exchange.addCall(commands)
      const endPatience = startPatience(timeoutMs, () => end('no answer in time', 'timeout'))
      client.child.stdin.write(`${quoteLine(commands)}\n`)
      return reply.finally(endPatience)
    },
    async close() {
      if (exchange.leave()) {
        // The end of its input detaches a client in peace.
        client.child.stdin.end()
      }
      const kill = setTimeout(client.drop, 500)
      await client.exited
      clearTimeout(kill)
    },
  }
}

interface ClientProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** Resolves once the process has ended or could not be started. */
  readonly exited: Promise<void>
  /** The end of what the process wrote to its standard error. */
  stderr(): string
  /** Kills the process and closes its pipes. */
  readonly drop: () => void
}

function startClient({ tmuxPath, args, env, onSpawned }: ConnectionOptions): ClientProcess {
  const child = spawn(tmuxPath, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
  if (child.pid !== undefined) onSpawned?.(child.pid)
  let stderr = ''
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-500)
  })
  // A write to a client that is gone fails; `exited` tells of that client's end.
  child.stdin.on('error', () => {})
  return {
    child,
    exited,
    stderr: () => stderr,
    // A client whose server hangs reacts only to SIGKILL. Such a server holds the other ends of the
    // pipes, so they close only from this side.
    drop() {
      child.kill('SIGKILL')
      child.stdin.destroy()
      child.stdout.destroy()
      child.stderr.destroy()
    },
  }
}

interface Exchange {
  /** Resolves with null once the client is attached, else with the reason why it is not. */
  readonly attached: Promise<string | null>
  isUp(): boolean
  /** Waits for the reply to commands that the caller writes next. */
  addCall(commands: readonly Command[]): Promise<Reply>
  /** Drops the client, and answers every call with the reason. */
  readonly end: (reason: string, kind?: 'timeout' | 'unavailable') => void
  /** Answers every call before a detach; false when the connection is not up. */
  leave(): boolean
}

/** Follows what a client prints, from its start to its end. */
function createExchange(
  client: ClientProcess,
  options: Pick<ConnectionOptions, 'onNotice' | 'onEnd'>,
): Exchange {
  const calls = createCalls()
  let state: 'attaching' | 'up' | 'over' = 'attaching'
  let settle!: (failure: string | null) => void
  const attached = new Promise<string | null>((resolve) => (settle = resolve))

  function end(reason: string, kind: 'timeout' | 'unavailable' = 'unavailable'): void {
    if (state === 'over') return
    const wasUp = state === 'up'
    state = 'over'
    client.drop()
    calls.failAll({ kind, stderr: reason })
    settle(reason)
    if (wasUp) options.onEnd(reason)
  }

  function onBlock(block: Block): void {
    if (block.isAnswer) {
      if (!calls.take(block)) end('an answer to nothing')
      return
    }
    // A hook of the operator causes later blocks like this one: they answer no call of lab.
    if (state !== 'attaching') return
    if (block.isError) return end(block.lines.join('; '))
    state = 'up'
    settle(null)
  }

  function onNotice(name: string, rest: string): void {
    if (name === 'exit') end(rest || 'tmux ended the connection')
    else options.onNotice(name)
  }

  function onStray(line: string): void {
    end(`a line that belongs to nothing: ${line.slice(0, 80)}`)
  }

  const reader = createReader({ onBlock, onNotice, onStray })
  client.child.stdout.setEncoding('utf8').on('data', reader)
  void client.exited.then(() => end(client.stderr().trim() || 'tmux ended the connection'))

  return {
    attached,
    isUp: () => state === 'up',
    addCall: (commands) => calls.add(commands),
    end,
    leave() {
      if (state !== 'up') return false
      state = 'over'
      calls.failAll({ kind: 'unavailable', stderr: 'lab is ending' })
      return true
    },
  }
}

/** The calls that wait for their blocks; tmux answers in the order of the calls. */
function createCalls() {
  const pending: { blocksLeft: number; lines: string[]; settle: (reply: Reply) => void }[] = []
  return {
    add(commands: readonly Command[]): Promise<Reply> {
      // tmux answers each command with one block, and an if-shell with one more for the single command
      // that it runs.
      const blocksLeft = commands.length + commands.filter(([name]) => name === 'if-shell').length
      return new Promise((settle) => pending.push({ blocksLeft, lines: [], settle }))
    },
    /** Gives a block to the call that it answers; false when no call waits. An error is a call's last block. */
    take({ isError, lines }: Block): boolean {
      const call = pending[0]
      if (!call) return false
      call.blocksLeft -= 1
      if (isError) {
        const stderr = lines.join('\n')
        call.settle({ kind: classify(stderr), stderr, lines: call.lines })
        pending.shift()
        return true
      }
      call.lines.push(...lines)
      if (call.blocksLeft > 0) return true
      call.settle({ kind: 'ok', lines: call.lines })
      pending.shift()
      return true
    },
    failAll(reply: Reply): void {
      for (const call of pending.splice(0)) call.settle(reply)
    },
  }
}
