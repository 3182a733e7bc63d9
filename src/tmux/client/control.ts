// The control client: two connections to lab's own session, one for everything, one for pane text.
// While a connection is down, every call goes through a spawned tmux and the next good one reconnects.
import type { Log } from '../../log.ts'
import { createQueue } from '../../queue.ts'
import { createLimit } from '../limit.ts'
import { openConnection, type Connection } from './connection.ts'
import type { Reply, Run } from './reply.ts'
import type { Ensured } from '../lab-session.ts'
import type { Server } from './socket.ts'

export interface ControlOptions {
  readonly server: Server
  /** Asked before each connection. */
  readonly tmuxPath: () => string
  /** Whether a connection can come up; one that cannot is not tried. */
  readonly mayConnect: () => boolean
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly spawned: Run
  /** Told of every client process, from its first moment. */
  readonly onOpened?: (pid: number) => void
  /** Makes sure that there is a session to attach to, without starting a server. */
  readonly prepare: () => Promise<Ensured>
  readonly wake: () => void
  readonly log: Log
}

export interface Control {
  readonly run: Run
  /** For pane text: a pane that prints what looks like an answer can disturb only this. */
  readonly captureRun: Run
  /** Connects and from then on keeps trying; resolves when both connections are up or have failed once. */
  connect(): Promise<void>
  close(): Promise<void>
}

// The notices that change what a listing shows. Windows are renamed by tmux itself with every command
// that runs in them, so those are left out.
const telling = new Set([
  'sessions-changed',
  'session-renamed',
  'session-changed',
  'client-session-changed',
  'client-detached',
  'window-close',
  'unlinked-window-add',
  'unlinked-window-close',
])
const backoffMinMs = 100
const backoffMaxMs = 5000

/**
 * Ends the connections of a lab that was killed: tmux keeps a control client whose reader is gone for
 * as long as there is something to tell it, which is for ever.
 */
async function endStale(spawned: Run): Promise<void> {
  // What a person may write stands last, so that it cannot move the pid.
  const format = '#{client_control_mode} #{client_pid} #{@lab_self}'
  const reply = await spawned([['list-clients', '-F', format]])
  if (reply.kind !== 'ok') return
  for (const line of reply.lines) {
    const [isControl, pid, isSelf] = line.split(' ')
    if (isControl !== '1' || isSelf !== '1' || !Number(pid)) continue
    try {
      process.kill(Number(pid), 'SIGTERM')
    } catch {
      // It went by itself, or belongs to a user who may not be disturbed.
    }
  }
}

interface Interlock {
  /** Runs a call that makes or ends a session, while no client introduces itself. */
  change(call: () => Promise<Reply>): Promise<Reply>
  /** Introduces a client, while no session is made or ended. */
  open(attempt: () => Promise<void>): Promise<void>
}

// Up to 3.6 tmux's server crashes, and every agent with it, when a session appears or goes while a
// control client has connected and not yet told all about itself
// (https://github.com/tmux/tmux/pull/4980). So lab never does both at once.
function createGate(): Interlock {
  const attempts = createQueue()
  const changes = new Set<Promise<Reply>>()
  return {
    async change(call) {
      while (attempts.size() > 0) await attempts.idle()
      const change = call()
      changes.add(change)
      return change.finally(() => changes.delete(change))
    },
    open(attempt) {
      return attempts.run(async () => {
        await Promise.allSettled(changes)
        await attempt()
      })
    },
  }
}

/** Makes a control client that is down until `connect`. */
export function createControl(options: ControlOptions): Control {
  let isWanted = false
  const gate = createGate()
  const link = (wake: () => void, label: string) =>
    createLink(options, { wake, label, gate, isWanted: () => isWanted })
  const main = link(options.wake, 'main')
  const captures = link(() => {}, 'capture')
  return {
    run: main.run,
    captureRun: captures.run,
    async connect() {
      if (!isWanted) await endStale(options.spawned)
      isWanted = true
      await Promise.all([main.connect(), captures.connect()])
    },
    async close() {
      isWanted = false
      await Promise.all([main.close(), captures.close()])
    },
  }
}

// Two hundred panes that end while the connection is down must not start two hundred tmux at once, nor
// keep what else is asked for waiting.
const spawnedMax = 4

interface Link {
  readonly run: Run
  connect(): Promise<void>
  close(): Promise<void>
}

function createLink(
  options: ControlOptions,
  {
    wake,
    label,
    gate,
    isWanted,
  }: { wake: () => void; label: string; gate: Interlock; isWanted: () => boolean },
): Link {
  const spawnTurn = createLimit(spawnedMax)
  const { server, tmuxPath, env, timeoutMs, spawned, prepare, onOpened, log } = options
  let connection: Connection | null = null
  let attempt: Promise<void> | null = null
  let delayMs = 0
  let notBefore = 0
  let upSince = 0

  const args = [
    ...server.args,
    ...(server.kind === 'given' ? [] : ['-N']),
    '-C',
    'attach-session',
    '-f',
    'no-output,ignore-size',
    '-t',
  ]

  function postpone(): void {
    delayMs = Math.min(backoffMaxMs, Math.max(backoffMinMs, delayMs * 2))
    notBefore = performance.now() + delayMs
  }

  async function open(): Promise<void> {
    if (!isWanted()) return
    const ready = await prepare()
    const opened =
      ready.kind === 'ok'
        ? await openConnection({
            tmuxPath: tmuxPath(),
            args: [...args, ready.sessionId],
            env,
            timeoutMs,
            onSpawned: (pid) => onOpened?.(pid),
            onNotice: (name) => {
              if (telling.has(name)) wake()
            },
            onEnd: lost,
          })
        : ready.stderr || ready.kind
    if (typeof opened === 'string') {
      postpone()
      log.warn(`tmux ${label} connection not made: ${opened}`)
      return
    }
    if (!isWanted()) return opened.close()
    connection = opened
    upSince = performance.now()
    wake()
  }

  function lost(reason: string): void {
    connection = null
    log.warn(`tmux ${label} connection lost: ${reason}`)
    // One that held is replaced at once, one that keeps breaking ever more slowly.
    if (performance.now() - upSince > backoffMaxMs) delayMs = 0
    else postpone()
    wake()
    void connect()
  }

  function connect(): Promise<void> {
    if (!isWanted() || connection || !options.mayConnect() || performance.now() < notBefore)
      return attempt ?? Promise.resolve()
    attempt ??= gate
      .open(open)
      .catch((err: unknown) => {
        postpone()
        log.warn({ err }, `tmux ${label} connection failed`)
      })
      .finally(() => (attempt = null))
    return attempt
  }

  return {
    run(commands, runOptions) {
      const call = async () => {
        if (connection) return connection.run(commands)
        return spawnTurn(async () => {
          // It may have come back while the call waited for its turn.
          if (connection) return connection.run(commands)
          const reply = await spawned(commands, runOptions)
          if (reply.kind === 'ok') void connect()
          return reply
        })
      }
      return runOptions?.changesSessions ? gate.change(call) : call()
    },
    connect,
    async close() {
      await attempt
      await connection?.close()
      connection = null
    },
  }
}
