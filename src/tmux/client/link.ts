// One link to tmux: a connection that lab opens again when it is lost, and a spawned tmux while it is down.
import type { Log } from '../../log.ts'
import type { Ensured } from '../lab-session.ts'
import { openConnection, type Connection } from './connection.ts'
import type { Interlock } from './interlock.ts'
import type { Reply, Run } from './reply.ts'
import type { Server } from './socket.ts'

interface Link {
  readonly run: Run
  /** Resolves once the connection is up or an attempt has failed. */
  connect(): Promise<void>
  close(): Promise<void>
}

export interface LinkOptions {
  readonly server: Server
  /** Called before each connection, for the program to run. */
  readonly tmuxPath: () => string
  /** Whether a connection can come up; lab tries none while it cannot. */
  readonly mayConnect: () => boolean
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Runs calls while the connection is down. */
  readonly spawned: Run
  /** Called with the pid of every client process as soon as lab has started it. */
  readonly onOpened?: (pid: number) => void
  /** Makes sure that a session to attach to exists, without starting a server. */
  readonly prepare: () => Promise<Ensured>
  /** Called when the connection comes or goes, and when tmux says that a listing would differ. */
  readonly wake: () => void
  readonly log: Log
  /** Names the link in the log. */
  readonly label: string
  readonly interlock: Interlock
  /** Whether lab wants connections now. */
  readonly isWanted: () => boolean
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

// Two hundred panes that end while the connection is down must not start two hundred tmux at once, nor
// keep other calls waiting.
const spawnedMax = 4

/** Makes a link that is down until `connect`. */
export function createLink(options: LinkOptions): Link {
  const { interlock, isWanted, wake, label, log } = options
  const backoff = createBackoff()
  let connection: Connection | null = null
  let attempt: Promise<void> | null = null
  let upSince = 0

  async function open(): Promise<void> {
    if (!isWanted()) return
    const opened = await attach(options, lost)
    if (typeof opened === 'string') {
      backoff.postpone()
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
    // lab replaces a connection that held at once, and one that keeps breaking ever more slowly.
    if (performance.now() - upSince > backoffMaxMs) backoff.reset()
    else backoff.postpone()
    wake()
    void connect()
  }

  function connect(): Promise<void> {
    if (!isWanted() || connection || !options.mayConnect() || !backoff.isOver())
      return attempt ?? Promise.resolve()
    attempt ??= interlock
      .open(open)
      .catch((err: unknown) => {
        backoff.postpone()
        log.warn({ err }, `tmux ${label} connection failed`)
      })
      .finally(() => (attempt = null))
    return attempt
  }

  return {
    run: createRun(options, { connection: () => connection, connect }),
    connect,
    async close() {
      await attempt
      await connection?.close()
      connection = null
    },
  }
}

/** Opens a connection to lab's own session, or returns the reason why there is none. */
async function attach(
  options: LinkOptions,
  onEnd: (reason: string) => void,
): Promise<Connection | string> {
  const { server, tmuxPath, env, timeoutMs, prepare, onOpened, wake } = options
  const ready = await prepare()
  if (ready.kind !== 'ok') return ready.stderr || ready.kind
  return openConnection({
    tmuxPath: tmuxPath(),
    args: [...attachArgs(server), ready.sessionId],
    env,
    timeoutMs,
    onSpawned: (pid) => onOpened?.(pid),
    onNotice: (name) => {
      if (telling.has(name)) wake()
    },
    onEnd,
  })
}

/** The arguments that attach a control client, up to the target. */
function attachArgs(server: Server): readonly string[] {
  return [
    ...server.args,
    ...(server.kind === 'given' ? [] : ['-N']),
    '-C',
    'attach-session',
    '-f',
    'no-output,ignore-size',
    '-t',
  ]
}

/** Runs calls through the connection; while it is down through a spawned tmux, whose success reconnects. */
function createRun(
  { interlock, spawned }: Pick<LinkOptions, 'interlock' | 'spawned'>,
  link: { readonly connection: () => Connection | null; readonly connect: () => Promise<void> },
): Run {
  const spawnTurn = createLimit(spawnedMax)
  return (commands, runOptions) => {
    const call = async () => {
      const connection = link.connection()
      if (connection) return connection.run(commands)
      return spawnTurn(async () => {
        // The connection may have come back while the call waited for its turn.
        const restored = link.connection()
        if (restored) return restored.run(commands)
        const reply = await spawned(commands, runOptions)
        if (reply.kind === 'ok') void link.connect()
        return reply
      })
    }
    return runOptions?.changesSessions ? interlock.change(call) : call()
  }
}

/** Runs at most `max` calls at a time; the rest wait in order. */
function createLimit(max: number): (call: () => Promise<Reply>) => Promise<Reply> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (call) => {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await call()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

const backoffMinMs = 100
const backoffMaxMs = 5000

/** The wait before the next attempt, which doubles from 100 ms to 5 s. */
function createBackoff() {
  let delayMs = 0
  let notBefore = 0
  return {
    postpone(): void {
      delayMs = Math.min(backoffMaxMs, Math.max(backoffMinMs, delayMs * 2))
      notBefore = performance.now() + delayMs
    },
    reset(): void {
      delayMs = 0
    },
    isOver: () => performance.now() >= notBefore,
  }
}
