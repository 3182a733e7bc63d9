// The page, its stream and its forms. A form that htmx sends is answered with partials, any other with
// a redirect to the page; what is refused is rendered by the app's onError.
import { Hono, type Context } from 'hono'
import type { Outcome } from '../core/instance.ts'
import { readStartForm } from './body.ts'
import type { Service, WebEnv } from './env.ts'
import { actorOf } from './guards.ts'
import type { Live } from './live.tsx'
import type { AssetPaths } from './static.ts'
import type { Streams } from './streams.ts'
import { renderPage } from './views/document.tsx'
import { htmlOf, Partial } from './views/parts.tsx'

/** Whether htmx asks, and can place partials. */
export function isHtmx(c: Context<WebEnv>): boolean {
  return c.req.header('hx-request') === 'true'
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

  function stoppedAll(results: readonly Outcome[], line: string): string {
    const failed = results.filter(({ outcome }) => outcome === 'failed')
    const told = htmlOf(
      <Partial into={line} swap="innerHTML">
        {failed.map(({ name, error }) => (
          <p>
            {name}: {error?.message ?? 'could not be stopped'}
          </p>
        ))}
      </Partial>,
    )
    const ids = new Set(results.map(({ id }) => id))
    return live.partials(instances.list().filter(({ id }) => ids.has(id))) + told
  }

  page.get('/', (c) => {
    const query = c.req.query('q') ?? ''
    const canSignOut = c.get('visitor').hasSignedIn
    return c.html(renderPage(live.picture(), live.moment(), assets, { query, canSignOut }))
  })

  page.get('/events', (c) => {
    const cards = c.req.header('last-event-id') ?? c.req.query('cards') ?? ''
    return streams.open(c, heartbeat, live.page(cards))
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
    return done(c, () => stoppedAll(results, `#msg-${project}`), `#p-${project}`)
  })

  page.post('/stop-all', (c) => {
    const results = instances.stopAll(null, actorOf(c, 'page'))
    return done(c, () => stoppedAll(results, '#msg'), '')
  })

  // A reload of the page that answered a form is a GET of the form's address.
  for (const path of ['/projects/:key/*', '/instances/:id/*', '/stop-all'])
    page.get(path, (c) => c.redirect('/', 303))

  return page
}
