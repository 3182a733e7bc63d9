// The JSON API: references are resolved once, bodies checked, the service asked, its answer sent as it is.
import { Hono, type Context } from 'hono'
import { isLive, type Actor } from '../../core/instance.ts'
import { InvalidRequest } from '../../errors.ts'
import { readIds, readResume, readStart } from '../body.ts'
import type { WebEnv } from '../env.ts'
import type { WebDeps } from '../deps.ts'
import { actorOf as nameOf } from '../access/auth.ts'
import type { Streams } from '../live/streams.ts'
import type { Messages } from '../live/messages.tsx'

/** Who asks: a name where a guard knows it; lab's own commands say so, everybody else is a program. */
function actorOf(c: Context<WebEnv>): Actor {
  const way = c.req.header('lab-actor')
  return nameOf(c, way === 'cli' || way === 'agent' ? way : 'api')
}

/** Makes the routes below /api/v1. */
export function createApi(
  { instances, server }: Pick<WebDeps, 'instances' | 'server'>,
  messages: Messages,
  streams: Streams,
): Hono<WebEnv> {
  const api = new Hono<WebEnv>()

  api.get('/server', (c) => c.json(server()))

  api.get('/projects', (c) =>
    c.json({
      projects: instances.projects(),
      foreign: instances.foreign(),
      cap: instances.cap(),
    }),
  )

  api.get('/instances', (c) => {
    const ended = c.req.query('ended') ?? '0'
    if (ended !== '0' && ended !== '1') throw new InvalidRequest('ended is 1 or 0.')
    return c.json({ instances: instances.list({ ended: ended === '1' }) })
  })

  api.get('/instances/:ref', (c) => c.json(instances.get(instances.resolve(c.req.param('ref')))))

  api.post('/projects/:key/instances', async (c) => {
    const spec = await readStart(c)
    const started = await instances.start({ ...spec, project: c.req.param('key') }, actorOf(c))
    return c.json(started, 201)
  })

  api.post('/instances/:id/resume', async (c) => {
    const options = await readResume(c)
    return c.json(await instances.resume(c.req.param('id'), actorOf(c), options), 201)
  })

  api.post('/instances/:id/end-left', async (c) =>
    c.json(await instances.endLeft(c.req.param('id'), actorOf(c))),
  )

  api.post('/resume', async (c) => {
    const { ids, ...options } = await readIds(c)
    return c.json({ results: await instances.resumeAll(ids, actorOf(c), options) })
  })

  api.delete('/instances/:ref', (c) => {
    const id = instances.resolve(c.req.param('ref'))
    if (isLive(instances.get(id).state)) return c.json(instances.stop(id, actorOf(c)), 202)
    instances.dismiss(id, actorOf(c))
    return c.body(null, 204)
  })

  api.delete('/projects/:key/instances', async (c) =>
    c.json({ results: await instances.stopAll(c.req.param('key'), actorOf(c)) }),
  )

  api.delete('/instances', async (c) =>
    c.json({ results: await instances.stopAll(null, actorOf(c)) }),
  )

  api.get('/events', (c) => streams.open(c, ':\n\n', messages.api()))

  return api
}
