// What goes into an instance's terminal, and what comes out of it.
import { Hono } from 'hono'
import type { Receipt } from '../../core/input/message.ts'
import type { Instance } from '../../core/instance.ts'
import { InvalidRequest } from '../../errors.ts'
import { NotSent } from '../../errors/input.ts'
import { actorOf, apiActorOf } from '../access/auth.ts'
import { readInput, readInputForm, readKeys, readKeysForm } from '../body.ts'
import type { WebEnv } from '../env.ts'
import { plainRow } from '../views/terminal/sgr.ts'
import { lineOf } from '../views/instance/row-form.tsx'
import { SendForm } from '../views/pane/screen.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'
import { cleared, done, type FormDeps } from './form-response.tsx'

const linesDefault = 200
const linesMax = 5000

/** Makes the routes of /api/v1/instances/:ref for its input, keys, output and conversation. */
export function createInputRoutes({ instances }: FormDeps): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()

  routes.post('/instances/:id/input', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id, place: 'pane' })
    const { receipt, reason } = await instances.send(id, await readInputForm(c), actorOf(c, 'page'))
    if (reason !== undefined) throw new NotSent(reason)
    return done(c, () => sent(instances.get(id), receipt), `instances/${id}`)
  })

  routes.post('/instances/:id/keys', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id, place: 'pane' })
    await instances.keys(id, await readKeysForm(c), actorOf(c, 'page'))
    const line = `#${lineOf(instances.get(id), 'pane')}`
    return done(c, () => cleared(line), `instances/${id}`)
  })

  routes.post('/api/v1/instances/:ref/input', async (c) => {
    const id = instances.resolve(c.req.param('ref'))
    return c.json(await instances.send(id, await readInput(c), apiActorOf(c)))
  })

  routes.post('/api/v1/instances/:ref/keys', async (c) => {
    const id = instances.resolve(c.req.param('ref'))
    return c.json(await instances.keys(id, await readKeys(c), apiActorOf(c)))
  })

  routes.get('/api/v1/instances/:ref/output', async (c) => {
    const lines = Number(c.req.query('lines') ?? linesDefault)
    if (!Number.isInteger(lines) || lines < 1 || lines > linesMax)
      throw new InvalidRequest(`lines is a number from 1 to ${linesMax}.`)
    const output = await instances.output(instances.resolve(c.req.param('ref')), lines)
    return c.text(output.map((line) => `${plainRow(line)}\n`).join(''))
  })

  routes.get('/api/v1/instances/:ref/said', async (c) => {
    const place = c.req.query('before')
    const before = place === undefined ? null : Number(place)
    if (before !== null && !(Number.isSafeInteger(before) && before >= 0))
      throw new InvalidRequest('before is the number that the page after it gave.')
    return c.json(await instances.said(instances.resolve(c.req.param('ref')), before))
  })

  return routes
}

const receiptWords: Readonly<Record<Receipt, string>> = {
  submitted: 'Sent ✓',
  queued: 'Waits its turn',
  typed: 'Typed, not sent',
  refused: 'Not sent',
}

/** Says what became of a text, and empties its form. */
function sent(instance: Instance, receipt: Receipt): string {
  return htmlOf(
    <>
      <Partial into={`#${lineOf(instance, 'pane')}`} swap="innerHTML">
        <p class="soft">{receiptWords[receipt]}</p>
      </Partial>
      <Partial into={`#say-${instance.id}`} swap="outerHTML">
        <SendForm instance={instance} />
      </Partial>
    </>,
  )
}
