// Instances: the list, one of them, and what is done with one or with all. A reference of the API is
// resolved to an id once; the page's forms carry ids.
import { Hono } from 'hono'
import { isLive } from '../../core/instance.ts'
import { InvalidRequest } from '../../errors.ts'
import { actorOf, apiActorOf } from '../access/auth.ts'
import { readAnswer, readAnswerForm, readResume, readResumeForm } from '../body.ts'
import type { Problem } from '../../problems.ts'
import type { WebEnv } from '../env.ts'
import { cleared, done, doneAll, type FormDeps } from './form-response.tsx'

export interface InstanceDeps extends FormDeps {
  /** What went wrong with an instance without ending it. */
  readonly problems: (id: string) => readonly Problem[]
}

/** Makes the routes below /instances and /api/v1/instances, and /stop-all. */
export function createInstanceRoutes(deps: InstanceDeps): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()
  addJson(routes, deps)
  addForms(routes, deps)
  return routes
}

function addJson(routes: Hono<WebEnv>, { instances, problems }: InstanceDeps): void {
  routes.get('/api/v1/instances', (c) => {
    const ended = c.req.query('ended') ?? '0'
    if (ended !== '0' && ended !== '1') throw new InvalidRequest('ended is 1 or 0.')
    return c.json({ instances: instances.list({ ended: ended === '1' }) })
  })

  routes.get('/api/v1/instances/:ref', (c) =>
    c.json(instances.get(instances.resolve(c.req.param('ref')))),
  )

  routes.get('/api/v1/instances/:ref/problems', (c) =>
    c.json({ problems: problems(instances.resolve(c.req.param('ref'))) }),
  )

  routes.post('/api/v1/instances/:id/resume', async (c) => {
    const options = await readResume(c)
    return c.json(await instances.resume(c.req.param('id'), apiActorOf(c), options), 201)
  })

  routes.post('/api/v1/instances/:ref/answer', async (c) => {
    const id = instances.resolve(c.req.param('ref'))
    await instances.answer(id, await readAnswer(c), apiActorOf(c))
    return c.json({ receipt: 'answered' })
  })

  routes.post('/api/v1/instances/:id/end-left', async (c) =>
    c.json(await instances.endLeft(c.req.param('id'), apiActorOf(c))),
  )

  routes.delete('/api/v1/instances/:ref', (c) => {
    const id = instances.resolve(c.req.param('ref'))
    if (isLive(instances.get(id).state)) return c.json(instances.stop(id, apiActorOf(c)), 202)
    instances.dismiss(id, apiActorOf(c))
    return c.body(null, 204)
  })

  routes.delete('/api/v1/instances', async (c) =>
    c.json({ results: await instances.stopAll(null, apiActorOf(c)) }),
  )
}

function addForms(routes: Hono<WebEnv>, deps: FormDeps): void {
  const { instances, pageModel } = deps

  routes.post('/instances/:id/stop', (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const stopping = instances.stop(id, actorOf(c, 'page'))
    const partials = () => pageModel.partials([stopping]) + cleared(`#msg-${stopping.project}`)
    return done(c, partials, `#i-${id}`)
  })

  routes.post('/instances/:id/resume', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const options = await readResumeForm(c)
    const resumed = await instances.resume(id, actorOf(c, 'page'), options)
    const partials = () => pageModel.partials([resumed]) + cleared(`#msg-${resumed.project}`)
    return done(c, partials, `#i-${id}`)
  })

  routes.post('/instances/:id/answer', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const answer = await readAnswerForm(c, instances.get(id).question?.asks ?? [])
    const answered = await instances.answer(id, answer, actorOf(c, 'page'))
    return done(c, () => pageModel.partials([answered]) + cleared(`#msg-${id}`), `#i-${id}`)
  })

  routes.post('/instances/:id/end-left', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const ended = await instances.endLeft(id, actorOf(c, 'page'))
    return done(c, () => pageModel.partials([ended]) + cleared(`#msg-${id}`), `#i-${id}`)
  })

  routes.post('/instances/:id/dismiss', (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const { project } = instances.get(id)
    instances.dismiss(id, actorOf(c, 'page'))
    return done(c, () => pageModel.partials([], [id]) + cleared(`#msg-${project}`), `#p-${project}`)
  })

  routes.post('/stop-all', async (c) => {
    const results = await instances.stopAll(null, actorOf(c, 'page'))
    return doneAll(c, deps, results, { line: '#msg', hash: '' })
  })
}
