// A server whose socket is gone still runs. lab has its own server open the socket again, and never
// starts a second server while the first lives.
import { existsSync } from 'node:fs'
import type { Log } from '../../log.ts'
import type { ProcessId } from '../../processes/proc.ts'
import type { Reply } from './reply.ts'
import type { Server } from './socket.ts'
import { reopenSocket, serverBoundAt } from './socket-file.ts'

/** Whether a server has opened its socket again, or may live without one; null when no server lives. */
export type Rescued = 'reopened' | Exclude<Reply, { kind: 'ok' }> | null

export interface LostSocket {
  /** Looks for the server of a socket that did not answer. */
  rescue(): Promise<Rescued>
  /** Has the socket opened again when its file is gone, though lab is still connected. */
  keep(): Promise<void>
}

/** Watches over the socket of one server, and logs what lab did about it. */
export function createLostSocket(options: {
  readonly server: Server
  readonly path: string
  readonly log: Log
}): LostSocket {
  const { server, path, log } = options
  let running: Promise<Rescued> | null = null

  async function rescue(): Promise<Rescued> {
    let lost: ProcessId | null
    try {
      lost = serverBoundAt(path)
    } catch (error) {
      // A server may live: lab must not start a second one.
      log.warn({ err: error }, `lab cannot read which tmux server has the socket ${path}`)
      const stderr = `lab cannot read which tmux server has the socket ${path}: ${messageOf(error)}`
      return { kind: 'unavailable', stderr }
    }
    if (!lost) return null
    const gone = `The tmux server (process ${lost.pid}) runs, but its socket ${path} is gone`
    // lab sends no signal to a server that is not its own.
    if (server.kind === 'own' && (await reopenSocket(lost, path))) {
      log.warn(`${gone}: lab had the server open it again`)
      return 'reopened'
    }
    const stderr = `${gone}. kill -USR1 ${lost.pid} has the server open it again.`
    return { kind: 'unavailable', stderr }
  }

  const once = (): Promise<Rescued> => (running ??= rescue().finally(() => (running = null)))

  return {
    rescue: once,
    async keep() {
      if (server.kind === 'own' && !existsSync(path)) await once()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
