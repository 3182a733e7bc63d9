// What goes into an instance's terminal, and what comes out of it.
import { Hono } from 'hono'
import { InvalidRequest } from '../../errors.ts'
import { apiActorOf } from '../access/auth.ts'
import { readInput, readKeys } from '../body.ts'
import type { WebEnv } from '../env.ts'
import { plainRow } from '../views/terminal/sgr.ts'
import type { FormDeps } from './form-response.tsx'

const linesDefault = 200
const linesMax = 5000

/** Makes the routes of /api/v1/instances/:ref for its input, keys, output and conversation. */
export function createInputRoutes({ instances }: FormDeps): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()

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
