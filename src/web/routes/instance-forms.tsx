// The forms about one instance: start, stop, resume, end what it left, dismiss.
import { Hono } from 'hono'
import { cleared, done } from './form-response.tsx'
import { readResumeForm, readStartForm } from '../body.ts'
import type { Service } from '../deps.ts'
import type { WebEnv } from '../env.ts'
import { actorOf } from '../access/auth.ts'
import type { PageModel } from '../live/page-model.tsx'

/** Makes the routes of the forms of a row, and of the one that starts a row. */
export function createForms(instances: Service, pageModel: PageModel): Hono<WebEnv> {
  const forms = new Hono<WebEnv>()

  forms.post('/projects/:key/instances', async (c) => {
    const project = c.req.param('key')
    c.set('form', { project })
    const { label, force } = await readStartForm(c)
    c.set('form', { project, label })
    const { id } = await instances.start({ project, label, force }, actorOf(c, 'page'))
    const partials = () => pageModel.partials([instances.get(id)]) + cleared(`#msg-${project}`)
    return done(c, partials, `#p-${project}`)
  })

  forms.post('/instances/:id/stop', (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const stopping = instances.stop(id, actorOf(c, 'page'))
    const partials = () => pageModel.partials([stopping]) + cleared(`#msg-${stopping.project}`)
    return done(c, partials, `#i-${id}`)
  })

  forms.post('/instances/:id/resume', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const options = await readResumeForm(c)
    const resumed = await instances.resume(id, actorOf(c, 'page'), options)
    const partials = () => pageModel.partials([resumed]) + cleared(`#msg-${resumed.project}`)
    return done(c, partials, `#i-${id}`)
  })

  forms.post('/instances/:id/end-left', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const ended = await instances.endLeft(id, actorOf(c, 'page'))
    return done(c, () => pageModel.partials([ended]) + cleared(`#msg-${id}`), `#i-${id}`)
  })

  forms.post('/instances/:id/dismiss', (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const { project } = instances.get(id)
    instances.dismiss(id, actorOf(c, 'page'))
    return done(c, () => pageModel.partials([], [id]) + cleared(`#msg-${project}`), `#p-${project}`)
  })

  return forms
}
