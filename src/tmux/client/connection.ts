// One attached control-mode client from its start to its end: commands in, replies matched in order.
import { spawn } from 'node:child_process'
import { startPatience } from '../patience.ts'
import { createReader, type Block } from './protocol.ts'
import { quoteLine, type Command } from './quote.ts'
import { classify, type Reply } from './reply.ts'

export interface ConnectionOptions {
  readonly tmuxPath: string
  /** Everything that makes tmux attach in control mode. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Called at once with the client's pid. */
  readonly onSpawned?: (pid: number) => void
  readonly onNotice: (name: string) => void
  /** Called once, when a connection that had come up is over, with the reason; not after `close`. */
  readonly onEnd: (reason: string) => void
}

export interface Connection {
  run(commands: readonly Command[]): Promise<Reply>
  /** Detaches; resolves once the process is gone. */
  close(): Promise<void>
}

/**
 * Starts a control-mode client and resolves once it is attached; with the reason as a string when it
 * is not in time. A timeout or an answer that fits no question ends the connection, because nothing
 * after it could be matched.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection | string> {
  const { timeoutMs } = options
  const child = spawn(options.tmuxPath, options.args, {
    env: options.env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (child.pid !== undefined) options.onSpawned?.(child.pid)
  const calls = createCalls()
  let state: 'attaching' | 'up' | 'over' = 'attaching'
  let stderr = ''
  const waiting: ((failure: string | null) => void)[] = []
  const attached = new Promise<string | null>((resolve) => waiting.push(resolve))
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })

  // A client whose server hangs does not react to anything milder; and such a server holds the other
  // ends of the pipes, so they close only from this side.
  function drop(): void {
    child.kill('SIGKILL')
    child.stdin.destroy()
    child.stdout.destroy()
    child.stderr.destroy()
  }

  function settle(failure: string | null): void {
    for (const resolve of waiting.splice(0)) resolve(failure)
  }

  function end(reason: string, kind: 'timeout' | 'unavailable' = 'unavailable'): void {
    if (state === 'over') return
    const wasUp = state === 'up'
    state = 'over'
    drop()
    calls.failAll({ kind, stderr: reason })
    settle(reason)
    if (wasUp) options.onEnd(reason)
  }

  function onBlock(block: Block): void {
    if (block.isAnswer) {
      if (!calls.take(block)) end('an answer to nothing')
      return
    }
    // Later ones are what a hook of the operator's does: they answer nothing of ours.
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

  child.stdout.setEncoding('utf8').on('data', createReader({ onBlock, onNotice, onStray }))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-500)
  })
  // Writing to a client that is gone: its end is told by `exited`.
  child.stdin.on('error', () => {})
  void exited.then(() => end(stderr.trim() || 'tmux ended the connection'))

  // Not before the deadline: a client that goes while it introduces itself can end the server
  // (https://github.com/tmux/tmux/pull/5004).
  const stopWaiting = startPatience(timeoutMs, () => end(`not attached within ${timeoutMs} ms`))
  const failure = await attached
  stopWaiting()
  if (failure !== null) {
    await exited
    return failure
  }

  return {
    run(commands) {
      if (state !== 'up') return Promise.resolve({ kind: 'unavailable', stderr: 'not connected' })
      const reply = calls.add(commands)
      const endPatience = startPatience(timeoutMs, () => end('no answer in time', 'timeout'))
      child.stdin.write(`${quoteLine(commands)}\n`)
      return reply.finally(endPatience)
    },
    async close() {
      if (state === 'up') {
        state = 'over'
        calls.failAll({ kind: 'unavailable', stderr: 'lab is ending' })
        // The end of its input detaches a client in peace.
        child.stdin.end()
      }
      const kill = setTimeout(drop, 500)
      await exited
      clearTimeout(kill)
    },
  }
}

/** The calls that wait for their blocks, which come in the order of the calls. */
function createCalls() {
  const pending: { blocksLeft: number; lines: string[]; settle: (reply: Reply) => void }[] = []
  return {
    add(commands: readonly Command[]): Promise<Reply> {
      // Each command answers with a block of its own, and an if-shell with one more for the single
      // command that it runs.
      const blocksLeft = commands.length + commands.filter(([name]) => name === 'if-shell').length
      return new Promise((settle) => pending.push({ blocksLeft, lines: [], settle }))
    },
    /** Gives a block to the call it answers; false when there is none. An error is a call's last block. */
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
