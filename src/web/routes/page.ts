// The page.
import { Hono } from 'hono'
import type { WebEnv } from '../env.ts'
import { renderPage } from '../views/document.tsx'
import { createKeptPage } from '../views/pages/kept-page.tsx'
import { askerOf, type FormDeps } from './form-response.tsx'

/** Makes the routes under which people find the page. */
export function createPageRoutes({ instances, pageModel, assets }: FormDeps): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()
  const keptPage = createKeptPage(assets)
  const html = { 'content-type': 'text/html; charset=UTF-8' }

  routes.get('/', (c) => {
    instances.refresh()
    const query = c.req.query('q') ?? ''
    const [snapshot, context] = [pageModel.snapshot(), pageModel.nextContext()]
    if (query === '') return c.body(keptPage(snapshot, context, askerOf(c)), 200, html)
    return c.html(renderPage(snapshot, context, assets, { ...askerOf(c), query }))
  })

  // A reload of the page that answered a form is a GET of the form's address.
  for (const path of ['/projects/:key/*', '/instances/:id/*', '/stop-all', '/resume', '/dismiss'])
    routes.get(path, (c) => c.redirect('/', 303))

  return routes
}
