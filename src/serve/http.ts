// lab's HTTP server, from listening to its end.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Config } from '../config/config.ts'
import { UsageError } from '../errors.ts'
import { trustOf } from '../web/access/client.ts'
import { limitConnections, serverLimits, type Counts } from '../web/access/limits.ts'
import type { WebApp } from '../web/app.tsx'

export interface Http {
  /** The address under which this machine reaches lab. */
  readonly url: string
  /** Accepts no more connections, and resolves once the open ones have ended. */
  close(): Promise<void>
}

// Requests under way may take this long after the request to end.
const closeMs = 1000
const idleMs = 20

/** Listens and hands requests to `fetch`. @throws UsageError with what to do when lab cannot listen */
export async function openHttp(
  fetch: WebApp['fetch'],
  config: Pick<Config, 'host' | 'port' | 'trustedProxies'>,
  counts: Counts,
): Promise<Http> {
  const { host, trustedProxies } = config
  const server = createAdaptorServer({ fetch, serverOptions: serverLimits }) as Server
  limitConnections(server, trustOf(trustedProxies), counts)
  await listen(server, config)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      // A connection whose stream just ended is idle a moment later.
      const idle = setInterval(() => server.closeIdleConnections(), idleMs)
      setTimeout(() => server.closeAllConnections(), closeMs).unref()
      await closed
      clearInterval(idle)
    },
  }
}

async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy =
        error.code === 'EADDRINUSE'
          ? `is in use. Choose another --port, or --port 0 for a free one.`
          : `does not let lab listen (${error.code}). Choose another --host or --port.`
      reject(new UsageError(`${host}:${port} ${remedy}`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
}
