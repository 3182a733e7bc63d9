// lab itself: what it runs with.
import { Hono } from 'hono'
import type { WebEnv } from '../env.ts'
import type { ServerInfo } from '../server-info.ts'

/** Makes /api/v1/server. */
export function createServerRoutes(server: () => ServerInfo): Hono<WebEnv> {
  return new Hono<WebEnv>().get('/api/v1/server', (c) => c.json(server()))
}
