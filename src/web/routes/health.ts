// Whether lab answers, and whether it can do its work: one word each, without any guard.
import { Hono } from 'hono'
import type { WebEnv } from '../env.ts'

/** `starting` while tmux cannot be read, `unwritable` while the store cannot be written. */
export type Readiness = 'ok' | 'starting' | 'unwritable'

/** Makes /healthz and /readyz. */
export function createHealthRoutes(readiness: () => Readiness): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()
  routes.get('/healthz', (c) => c.text('ok\n'))
  routes.get('/readyz', (c) => {
    const word = readiness()
    return c.text(`${word}\n`, word === 'ok' ? 200 : 503)
  })
  return routes
}
