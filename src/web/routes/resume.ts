// The resume of several instances at once, and the end of the offer to do so.
import { Hono } from 'hono'
import { actorOf, apiActorOf } from '../access/auth.ts'
import { readIds, readIdsForm } from '../body.ts'
import type { WebEnv } from '../env.ts'
import { cleared, done, doneAll, type FormDeps } from './form-response.tsx'

/** Makes /resume, /api/v1/resume and /dismiss; one instance that fails keeps no other from its resume. */
export function createResumeRoutes(deps: FormDeps): Hono<WebEnv> {
  const { instances, pageModel } = deps
  const routes = new Hono<WebEnv>()

  routes.post('/api/v1/resume', async (c) => {
    const { ids, ...options } = await readIds(c)
    return c.json({ results: await instances.resumeAll(ids, apiActorOf(c), options) })
  })

  routes.post('/resume', async (c) => {
    c.set('form', {})
    const { ids, ...options } = await readIdsForm(c)
    const results = await instances.resumeAll(ids, actorOf(c, 'page'), options)
    return doneAll(c, deps, results, { line: '#msg', hash: '' })
  })

  routes.post('/dismiss', async (c) => {
    c.set('form', {})
    const { ids } = await readIdsForm(c)
    const dismissed = instances.dismissOffer(ids, actorOf(c, 'page'))
    return done(c, () => pageModel.partials(dismissed) + cleared('#msg'), '')
  })

  return routes
}
