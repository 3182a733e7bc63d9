// How a form of the page is answered: htmx gets partials, a browser without htmx a redirect or the page
// itself. The app's onError renders what is refused.
import type { Context } from 'hono'
import type { Outcome } from '../../core/instance.ts'
import type { Service } from '../../instances/service.ts'
import { inTurns } from '../../turns.ts'
import type { AssetPaths } from '../assets/static.ts'
import type { WebEnv } from '../env.ts'
import type { PageModel } from '../live/page-model.tsx'
import type { Panes } from '../live/panes.ts'
import { renderPage, type PageOptions } from '../views/document.tsx'
import { Failures } from '../views/failures.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'

/** What a route needs that answers forms. */
export interface FormDeps {
  readonly instances: Service
  readonly pageModel: PageModel
  readonly panes: Panes
  readonly assets: AssetPaths
}

/** Whether htmx asks, and can place partials. */
export function isHtmx(c: Context<WebEnv>): boolean {
  return c.req.header('hx-request') === 'true'
}

/** How the page depends on who asks for it, and on the way the request came. */
export function askerOf(c: Context<WebEnv>): Pick<PageOptions, 'isProxied'> {
  return { isProxied: c.get('client').isProxied }
}

/** Answers htmx with partials; leads any other browser back to the page, at the place of the form. */
export function done(c: Context<WebEnv>, partials: () => string, place: string): Response {
  return isHtmx(c) ? c.html(partials()) : c.redirect(`/${place}`, 303)
}

/** Empties a message line. */
export function cleared(line: string): string {
  return htmlOf(<Partial into={line} swap="innerHTML" />)
}

/**
 * Answers a form about several instances. `line` is the message line that names the failures, `hash` the
 * place on the page to which a browser without htmx returns when all went well.
 */
export async function doneAll(
  c: Context<WebEnv>,
  deps: FormDeps,
  results: readonly Outcome[],
  { line, hash }: { readonly line: string; readonly hash: string },
): Promise<Response> {
  const { pageModel, assets } = deps
  if (isHtmx(c)) return c.html(await partialsOf(deps, results, line))
  const hasFailed = results.some(({ outcome }) => outcome === 'failed')
  if (!hasFailed) return c.redirect(`/${hash}`, 303)
  const options = { ...askerOf(c), failures: <Failures of={results} /> }
  return c.html(renderPage(pageModel.snapshot(), pageModel.nextContext(), assets, options), 409)
}

async function partialsOf(
  { instances, pageModel }: FormDeps,
  results: readonly Outcome[],
  line: string,
): Promise<string> {
  const failures = htmlOf(
    <Partial into={line} swap="innerHTML">
      <Failures of={results} />
    </Partial>,
  )
  let rows = ''
  await inTurns(results, ({ id }) => {
    // The instance as it is now: it may have changed while the rows before it were drawn.
    const instance = instances.list({ ended: true }).find((one) => one.id === id)
    if (instance) rows += pageModel.rows([instance])
  })
  return rows + pageModel.partials([]) + failures
}
