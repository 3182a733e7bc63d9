// The page, its stream and its forms. A form that htmx sends is answered with partials, any other with
// a redirect to the page; what is refused is rendered by the app's onError.
import { Hono, type Context } from 'hono'
import type { Outcome } from '../core/instance.ts'
import { readIdsForm, readResumeForm, readStartForm } from './body.ts'
import type { WebEnv } from './env.ts'
import type { Service } from './deps.ts'
import { actorOf } from './guards.ts'
import type { Live } from './live.tsx'
import type { AssetPaths } from './static.ts'
import type { Streams } from './streams.ts'
import { renderPage, type PageOptions } from './views/document.tsx'
import { Failures } from './views/failures.tsx'
import { createKeptPage } from './views/kept-page.tsx'
import { htmlOf, Partial } from './views/parts.tsx'

/** Whether htmx asks, and can place partials. */
export function isHtmx(c: Context<WebEnv>): boolean {
  return c.req.header('hx-request') === 'true'
}

/** What a page differs in by who asks for it, and how they come. */
export function askerOf(c: Context<WebEnv>): Pick<PageOptions, 'canSignOut' | 'isProxied'> {
  return { canSignOut: c.get('visitor').hasSignedIn, isProxied: c.get('sender').isProxied }
}

// A named event, because htmx hides comments from the page, which wants to notice a silent connection.
const heartbeat = 'event: beat\ndata:\n\n'

/** Partials for htmx, else back to the page, at the place the form was in. */
function done(c: Context<WebEnv>, partials: () => string, place: string): Response {
  return isHtmx(c) ? c.html(partials()) : c.redirect(`/${place}`, 303)
}

/** Empties a message line. */
function cleared(line: string): string {
  return htmlOf(<Partial into={line} swap="innerHTML" />)
}

/** Makes the routes that people use. */
export function createPage(
  instances: Service,
  live: Live,
  streams: Streams,
  assets: AssetPaths,
): Hono<WebEnv> {
  const page = new Hono<WebEnv>()
  const keptPage = createKeptPage(assets)
  const html = { 'content-type': 'text/html; charset=UTF-8' }

  /** Brings those up to date that were asked about together, and says which failed and why. */
  function doneAll(results: readonly Outcome[], line: string): string {
    const told = htmlOf(
      <Partial into={line} swap="innerHTML">
        <Failures of={results} />
      </Partial>,
    )
    const ids = new Set(results.map(({ id }) => id))
    return live.partials(instances.list().filter(({ id }) => ids.has(id))) + told
  }

  /** The same for a browser without htmx: back to the page, or the page with what failed on it. */
  function answerAll(
    c: Context<WebEnv>,
    results: readonly Outcome[],
    place: { readonly line: string; readonly hash: string },
  ): Response {
    if (isHtmx(c)) return c.html(doneAll(results, place.line))
    const failed = results.some(({ outcome }) => outcome === 'failed')
    if (!failed) return c.redirect(`/${place.hash}`, 303)
    const options = { ...askerOf(c), failures: <Failures of={results} /> }
    return c.html(renderPage(live.picture(), live.moment(), assets, options), 409)
  }

  page.get('/', (c) => {
    const query = c.req.query('q') ?? ''
    if (query === '') return c.body(keptPage(live.picture(), live.moment(), askerOf(c)), 200, html)
    const options = { ...askerOf(c), query }
    return c.html(renderPage(live.picture(), live.moment(), assets, options))
  })

  page.get('/events', (c) => {
    const known = c.req.header('last-event-id') ?? c.req.query('known') ?? ''
    return streams.open(c, heartbeat, live.page(known), () => instances.watchMemory())
  })

  page.post('/projects/:key/instances', async (c) => {
    const project = c.req.param('key')
    c.set('form', { project })
    const { label, force } = await readStartForm(c)
    c.set('form', { project, label })
    const { id } = await instances.start({ project, label, force }, actorOf(c, 'page'))
    const partials = () => live.partials([instances.get(id)]) + cleared(`#msg-${project}`)
    return done(c, partials, `#p-${project}`)
  })

  page.post('/instances/:id/stop', (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const stopping = instances.stop(id, actorOf(c, 'page'))
    const partials = () => live.partials([stopping]) + cleared(`#msg-${stopping.project}`)
    return done(c, partials, `#i-${id}`)
  })

  page.post('/instances/:id/resume', async (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const options = await readResumeForm(c)
    const resumed = await instances.resume(id, actorOf(c, 'page'), options)
    const partials = () => live.partials([resumed]) + cleared(`#msg-${resumed.project}`)
    return done(c, partials, `#i-${id}`)
  })

  page.post('/instances/:id/dismiss', (c) => {
    const id = c.req.param('id')
    c.set('form', { instance: id })
    const { project } = instances.get(id)
    instances.dismiss(id, actorOf(c, 'page'))
    return done(c, () => live.partials([], [id]) + cleared(`#msg-${project}`), `#p-${project}`)
  })

  page.post('/projects/:key/stop-all', (c) => {
    const project = c.req.param('key')
    c.set('form', { project })
    const results = instances.stopAll(project, actorOf(c, 'page'))
    return answerAll(c, results, { line: `#msg-${project}`, hash: `#p-${project}` })
  })

  page.post('/stop-all', (c) => {
    const results = instances.stopAll(null, actorOf(c, 'page'))
    return answerAll(c, results, { line: '#msg', hash: '' })
  })

  page.post('/resume', async (c) => {
    c.set('form', {})
    const { ids, ...options } = await readIdsForm(c)
    const results = await instances.resumeAll(ids, actorOf(c, 'page'), options)
    return answerAll(c, results, { line: '#msg', hash: '' })
  })

  page.post('/dismiss', async (c) => {
    c.set('form', {})
    const { ids } = await readIdsForm(c)
    const dismissed = instances.dismissOffer(ids, actorOf(c, 'page'))
    return done(c, () => live.partials(dismissed) + cleared('#msg'), '')
  })

  // A reload of the page that answered a form is a GET of the form's address.
  for (const path of ['/projects/:key/*', '/instances/:id/*', '/stop-all', '/resume', '/dismiss'])
    page.get(path, (c) => c.redirect('/', 303))

  return page
}
