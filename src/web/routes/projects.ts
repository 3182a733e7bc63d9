// Projects and what is started and stopped in them: the list, a start, a stop of all.
import { Hono } from 'hono'
import { actorOf, apiActorOf } from '../access/auth.ts'
import { readNewForm, readStart, readStartForm } from '../body.ts'
import type { WebEnv } from '../env.ts'
import { cleared, done, doneAll, type FormDeps } from './form-response.tsx'

/** Makes the routes below /projects and /api/v1/projects. */
export function createProjectRoutes(deps: FormDeps): Hono<WebEnv> {
  const { instances, pageModel } = deps
  const routes = new Hono<WebEnv>()

  routes.get('/api/v1/projects', (c) => {
    instances.refresh()
    return c.json({
      projects: instances.projects(),
      foreign: instances.foreign(),
      cap: instances.cap(),
    })
  })

  routes.post('/api/v1/projects/:key/instances', async (c) => {
    const spec = { ...(await readStart(c)), project: c.req.param('key') }
    return c.json(await instances.start(spec, apiActorOf(c)), 201)
  })

  routes.post('/projects/:key/instances', async (c) => {
    const project = c.req.param('key')
    c.set('form', { project })
    const form = await readStartForm(c)
    c.set('form', { project, label: form.label, start: form })
    const spec = { ...form, project, isRemembered: true }
    const { id } = await instances.start(spec, actorOf(c, 'page'))
    const partials = () => pageModel.partials([instances.get(id)]) + cleared(`#msg-${project}`)
    return done(c, partials, `#p-${project}`)
  })

  routes.post('/new', async (c) => {
    c.set('form', { place: 'start' })
    const form = await readNewForm(c)
    const { project, label } = form
    c.set('form', { project, label, start: form, place: 'start' })
    const { id } = await instances.start({ ...form, isRemembered: true }, actorOf(c, 'page'))
    const partials = () => pageModel.partials([instances.get(id)]) + cleared('#msg-start')
    return done(c, partials, `#i-${id}`)
  })

  routes.delete('/api/v1/projects/:key/instances', async (c) =>
    c.json({ results: await instances.stopAll(c.req.param('key'), apiActorOf(c)) }),
  )

  routes.post('/projects/:key/stop-all', async (c) => {
    const project = c.req.param('key')
    c.set('form', { project })
    const results = await instances.stopAll(project, actorOf(c, 'page'))
    return doneAll(c, deps, results, { line: `#msg-pane-${project}`, hash: `#p-${project}` })
  })

  return routes
}
