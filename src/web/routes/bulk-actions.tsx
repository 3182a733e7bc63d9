// The forms about several instances: stop all, and what is done with those that ended together.
import { Hono, type Context } from 'hono'
import type { Outcome } from '../../core/instance.ts'
import { inTurns } from '../../turns.ts'
import { askerOf, cleared, done, isHtmx } from './form-response.tsx'
import { readIdsForm } from '../body.ts'
import type { Service } from '../deps.ts'
import type { WebEnv } from '../env.ts'
import { actorOf } from '../access/auth.ts'
import type { PageModel } from '../live/page-model.tsx'
import type { AssetPaths } from '../assets/static.ts'
import { renderPage } from '../views/document.tsx'
import { Failures } from '../views/failures.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'

/** Makes their routes; what fails of one keeps no other from it, and is said in a message line. */
export function createSeveral(
  instances: Service,
  pageModel: PageModel,
  assets: AssetPaths,
): Hono<WebEnv> {
  const several = new Hono<WebEnv>()

  /** Brings those up to date that were asked about together, and says which failed and why. */
  async function doneAll(results: readonly Outcome[], line: string): Promise<string> {
    const told = htmlOf(
      <Partial into={line} swap="innerHTML">
        <Failures of={results} />
      </Partial>,
    )
    let rows = ''
    await inTurns(results, ({ id }) => {
      // As it is now: what was true when the first was drawn may have changed.
      const instance = instances.list({ ended: true }).find((one) => one.id === id)
      if (instance) rows += pageModel.rows([instance])
    })
    return rows + pageModel.partials([]) + told
  }

  /** The same for a browser without htmx: back to the page, or the page with what failed on it. */
  async function answerAll(
    c: Context<WebEnv>,
    results: readonly Outcome[],
    place: { readonly line: string; readonly hash: string },
  ): Promise<Response> {
    if (isHtmx(c)) return c.html(await doneAll(results, place.line))
    const failed = results.some(({ outcome }) => outcome === 'failed')
    if (!failed) return c.redirect(`/${place.hash}`, 303)
    const options = { ...askerOf(c), failures: <Failures of={results} /> }
    return c.html(renderPage(pageModel.snapshot(), pageModel.renderContext(), assets, options), 409)
  }

  several.post('/projects/:key/stop-all', async (c) => {
    const project = c.req.param('key')
    c.set('form', { project })
    const results = await instances.stopAll(project, actorOf(c, 'page'))
    return answerAll(c, results, { line: `#msg-${project}`, hash: `#p-${project}` })
  })

  several.post('/stop-all', async (c) => {
    const results = await instances.stopAll(null, actorOf(c, 'page'))
    return answerAll(c, results, { line: '#msg', hash: '' })
  })

  several.post('/resume', async (c) => {
    c.set('form', {})
    const { ids, ...options } = await readIdsForm(c)
    const results = await instances.resumeAll(ids, actorOf(c, 'page'), options)
    return answerAll(c, results, { line: '#msg', hash: '' })
  })

  several.post('/dismiss', async (c) => {
    c.set('form', {})
    const { ids } = await readIdsForm(c)
    const dismissed = instances.dismissOffer(ids, actorOf(c, 'page'))
    return done(c, () => pageModel.partials(dismissed) + cleared('#msg'), '')
  })

  return several
}
