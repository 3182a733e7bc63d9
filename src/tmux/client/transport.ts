// How a call reaches tmux: through the control connections while they are up, else through a spawned
// tmux, and by the program that the server understands.
import type { Log } from '../../log.ts'
import type { Ensured } from '../lab-session.ts'
import { createControl, type Control } from './control.ts'
import { createLostSocket } from './lost-socket.ts'
import type { Run } from './reply.ts'
import { createServerProgram, type ServerProgram } from './server-program.ts'
import type { Server } from './socket.ts'
import { socketPath } from './socket-file.ts'
import { createSpawned } from './spawned.ts'
import { openStaleClients } from './stale-clients.ts'

export interface TransportOptions {
  readonly server: Server
  readonly env: Readonly<Record<string, string>>
  readonly tmuxPath: string
  /** The version of tmux at `tmuxPath`. */
  readonly version: string
  /** The deadline of every call. */
  readonly timeoutMs: number
  readonly client: 'control' | 'spawned'
  /** See `TmuxOptions`. */
  readonly clientsFile: string | undefined
  /** Makes sure that a session to attach to exists, without starting a server. */
  readonly prepare: () => Promise<Ensured>
  readonly log: Log
}

export interface Transport {
  readonly program: ServerProgram
  readonly run: Run
  /** For pane text: a pane that prints a forged answer can disturb only this. */
  readonly captureRun: Run
  /** Opens the control connections and keeps them from then on; does nothing with the spawned client. */
  connect(): Promise<void>
  /** Has lab's own server open its socket again when the file is gone. */
  keepSocket(): Promise<void>
  onWake(wake: () => void): void
  /** Refuses every later call, and ends lab's own clients. */
  close(): Promise<void>
}

/** Makes the transport; it reaches no server before the first call or `connect`. */
export function createTransport(options: TransportOptions): Transport {
  const { server, env, tmuxPath, version, timeoutMs, client, clientsFile, log } = options
  let isClosed = false
  const whileOpen =
    (through: Run): Run =>
    (commands, may) =>
      isClosed
        ? Promise.resolve({ kind: 'unavailable', stderr: 'lab is ending' })
        : through(commands, may)
  const socket = createLostSocket({ server, path: socketPath(server, env), log })
  const spawned = createSpawned({
    server,
    tmuxPath: () => program.path(),
    env,
    timeoutMs,
    rescue: () => socket.rescue(),
  })
  const isControl = client === 'control'
  const stale = isControl && clientsFile ? openStaleClients(clientsFile) : null
  const wakes: (() => void)[] = []
  const wake = () => {
    for (const listener of wakes) listener()
  }
  const program = createServerProgram({
    server,
    tmuxPath,
    version,
    env,
    timeoutMs,
    spawn: whileOpen(spawned.run),
    onChange: wake,
    log,
  })
  const control: Control | null = isControl
    ? createControl({
        server,
        tmuxPath: () => program.path(),
        mayConnect: () => program.mayConnect(),
        env,
        timeoutMs,
        wake,
        log,
        spawned: program.run,
        prepare: options.prepare,
        onOpened: (pid) => stale?.opened(pid),
      })
    : null

  return {
    program,
    run: whileOpen(control?.run ?? program.run),
    captureRun: whileOpen(control?.captureRun ?? program.run),
    connect: async () => control?.connect(),
    keepSocket: () => socket.keep(),
    onWake: (listener) => void wakes.push(listener),
    async close() {
      isClosed = true
      await control?.close()
      await spawned.close()
    },
  }
}
