// The operator's settings: the choices of a start with their lists, and the quick words.
import { Hono } from 'hono'
import type { Service } from '../../instances/service.ts'
import { apiActorOf } from '../access/auth.ts'
import { readSettingsChange } from '../body.ts'
import type { WebEnv } from '../env.ts'

/** Makes /api/v1/settings. */
export function createSettingsRoutes(
  instances: Pick<Service, 'settings' | 'changeSettings'>,
): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()
  routes.get('/api/v1/settings', (c) => c.json(instances.settings()))
  routes.patch('/api/v1/settings', async (c) => {
    const change = await readSettingsChange(c)
    return c.json(await instances.changeSettings(change, apiActorOf(c)))
  })
  return routes
}
