// The demonstration: its agents begin again.
import { Hono } from 'hono'
import type { WebEnv } from '../env.ts'
import { cleared, done } from './form-response.tsx'

/** Makes /demo/start-over. */
export function createDemoRoutes(demo: { startOver(): Promise<void> }): Hono<WebEnv> {
  return new Hono<WebEnv>().post('/demo/start-over', async (c) => {
    await demo.startOver()
    return done(c, () => cleared('#msg'), '')
  })
}
