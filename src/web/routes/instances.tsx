// Instances: the list, one of them, and what is done with one or with all. A reference of the API is
// resolved to an id once; the page's forms carry ids.
import { Hono, type Context } from 'hono'
import { isLive, type Instance } from '../../core/instance.ts'
import { InvalidRequest } from '../../errors.ts'
import { actorOf, apiActorOf } from '../access/auth.ts'
import { readAnswer, readAnswerForm, readResume, readResumeForm } from '../body.ts'
import type { Problem } from '../../problems.ts'
import type { WebEnv } from '../env.ts'
import { AnsweredLine } from '../views/instance/answered.tsx'
import { htmlOf } from '../views/parts.tsx'
import { lineOf, places, type Place } from '../views/instance/row-form.tsx'
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

/** Notes which form it is, so that a refusal appears beside it; returns where the form stood. */
function noteForm(c: Context<WebEnv>, instance: string): Place {
  const asked = c.req.query('place')
  const place = places.find((one) => one === asked) ?? 'row'
  c.set('form', { instance, place })
  return place
}

function addForms(routes: Hono<WebEnv>, deps: FormDeps): void {
  const { instances, pageModel } = deps

  /** Answers a form of one instance: it is drawn again wherever it stands, and the form's line is emptied. */
  function shown(c: Context<WebEnv>, instance: Instance, place: Place): Response {
    const partials = () => pageModel.partials([instance]) + cleared(`#${lineOf(instance, place)}`)
    return done(c, partials, place === 'pane' ? `instances/${instance.id}` : `#i-${instance.id}`)
  }

  routes.post('/instances/:id/stop', (c) => {
    const id = c.req.param('id')
    const place = noteForm(c, id)
    return shown(c, instances.stop(id, actorOf(c, 'page')), place)
  })

  // The page sends it when a link to claude.ai is followed: what is seen there has been looked at.
  routes.post('/instances/:id/look', (c) => {
    instances.look(c.req.param('id'))
    return c.body(null, 204)
  })

  routes.post('/instances/:id/resume', async (c) => {
    const id = c.req.param('id')
    const place = noteForm(c, id)
    const options = await readResumeForm(c)
    return shown(c, await instances.resume(id, actorOf(c, 'page'), options), place)
  })

  routes.post('/instances/:id/answer', async (c) => {
    const id = c.req.param('id')
    const place = noteForm(c, id)
    const answer = await readAnswerForm(c, instances.get(id).question?.asks ?? [])
    const answered = await instances.answer(id, answer, actorOf(c, 'page'))
    // The line comes first: it stands on the card, which the rest takes away.
    const partials = () =>
      htmlOf(
        <AnsweredLine
          line={lineOf(answered, place)}
          answer={answer}
          at={pageModel.nextContext()}
        />,
      ) + pageModel.partials([answered])
    return done(c, partials, place === 'pane' ? `instances/${id}` : `#i-${id}`)
  })

  routes.post('/instances/:id/end-left', async (c) => {
    const id = c.req.param('id')
    const place = noteForm(c, id)
    return shown(c, await instances.endLeft(id, actorOf(c, 'page')), place)
  })

  routes.post('/instances/:id/dismiss', (c) => {
    const id = c.req.param('id')
    noteForm(c, id)
    const { project } = instances.get(id)
    instances.dismiss(id, actorOf(c, 'page'))
    return done(c, () => pageModel.partials([], [id]), `#p-${project}`)
  })

  routes.post('/stop-all', async (c) => {
    const results = await instances.stopAll(null, actorOf(c, 'page'))
    return doneAll(c, deps, results, { line: '#msg', hash: '' })
  })
}
