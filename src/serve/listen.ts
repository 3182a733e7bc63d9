// Where requests come in: the address and the port, or a sentence why not.
import type { Server } from 'node:http'
import { UsageError } from '../errors.ts'

/** Resolves when `server` listens. @throws UsageError with what to do when it cannot */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy =
        error.code === 'EADDRINUSE'
          ? `is in use. Choose another --port, or --port 0 for a free one.`
          : `cannot be listened on (${error.code}). Choose another --host or --port.`
      reject(new UsageError(`${host}:${port} ${remedy}`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
  return server
}
