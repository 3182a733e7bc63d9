// The page and its stream.
import { Hono } from 'hono'
import { askerOf } from './form-response.tsx'
import type { Service } from '../deps.ts'
import type { WebEnv } from '../env.ts'
import type { PageModel } from '../live/page-model.tsx'
import type { AssetPaths } from '../assets/static.ts'
import type { Streams } from '../live/streams.ts'
import type { Messages } from '../live/messages.tsx'
import { renderPage } from '../views/document.tsx'
import { createKeptPage } from '../views/pages/kept-page.tsx'

// A named event, because htmx hides comments from the page, which wants to notice a silent connection.
const heartbeat = 'event: beat\ndata:\n\n'

/** Makes the routes under which people find the page. */
export function createPage(
  instances: Service,
  pageModel: PageModel,
  { messages, streams, assets }: { messages: Messages; streams: Streams; assets: AssetPaths },
): Hono<WebEnv> {
  const page = new Hono<WebEnv>()
  const keptPage = createKeptPage(assets)
  const html = { 'content-type': 'text/html; charset=UTF-8' }

  page.get('/', (c) => {
    const query = c.req.query('q') ?? ''
    if (query === '')
      return c.body(
        keptPage(pageModel.snapshot(), pageModel.renderContext(), askerOf(c)),
        200,
        html,
      )
    const options = { ...askerOf(c), query }
    return c.html(renderPage(pageModel.snapshot(), pageModel.renderContext(), assets, options))
  })

  page.get('/events', (c) => {
    const known = c.req.header('last-event-id') ?? c.req.query('known') ?? ''
    return streams.open(c, heartbeat, messages.page(known), () => instances.watchMemory())
  })

  // A reload of the page that answered a form is a GET of the form's address.
  for (const path of ['/projects/:key/*', '/instances/:id/*', '/stop-all', '/resume', '/dismiss'])
    page.get(path, (c) => c.redirect('/', 303))

  return page
}
