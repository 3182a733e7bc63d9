// The pages: the list, and the list with a pane beside it.
import { Hono, type Context } from 'hono'
import { InstanceNotFound, ProjectNotFound } from '../../errors.ts'
import type { Notify } from '../../notify/notify.ts'
import type { WebEnv } from '../env.ts'
import type { ServerInfo } from '../server-info.ts'
import { renderPage } from '../views/document.tsx'
import { noPane, renderPane, type Pane } from '../views/pane/pane.tsx'
import { saidTab } from '../views/pane/instance.tsx'
import type { Looked } from '../views/pane/screen.tsx'
import { createKeptPage } from '../views/pages/kept-page.tsx'
import { askerOf, type FormDeps } from './form-response.tsx'
import { addPhoneRoutes } from './notify/phone.ts'

/** Makes the routes under which people find the page. */
export function createPageRoutes(
  { instances, pageModel, panes, assets }: FormDeps,
  { server, notify }: { readonly server: () => ServerInfo; readonly notify: Notify },
): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()
  const keptPage = createKeptPage(assets)
  const html = { 'content-type': 'text/html; charset=UTF-8' }

  /** htmx takes nothing but the pane, so it gets nothing else. */
  function shown(c: Context<WebEnv>, pane: Pane, path = c.req.path): Response {
    const at = pageModel.nextContext()
    if (c.req.header('hx-target')?.endsWith('#detail')) return c.html(renderPane(pane, path, at))
    const snapshot = pageModel.snapshot()
    return c.body(keptPage(snapshot, at, { ...askerOf(c), pane, path }), 200, html)
  }

  routes.get('/', (c) => {
    instances.refresh()
    const query = c.req.query('q') ?? ''
    if (query === '') return shown(c, noPane)
    const [snapshot, context] = [pageModel.snapshot(), pageModel.nextContext()]
    return c.html(renderPage(snapshot, context, assets, { ...askerOf(c), query }))
  })

  routes.get('/new', (c) => {
    instances.refresh()
    const projects = instances.projects()
    const settings = instances.settings()
    return shown(c, { kind: 'new', projects, settings, chosen: c.req.query('project') })
  })

  routes.get('/more', (c) => {
    const { hasSignedIn } = c.get('principal')
    return shown(c, { kind: 'more', lab: server(), canSignOut: hasSignedIn })
  })

  addPhoneRoutes(routes, notify, shown)

  routes.get('/instances/:id/:tab{details|stand-in|said}?', async (c) => {
    const id = c.req.param('id')
    const pane = panes.at(c.req.path)
    if (pane?.kind !== 'instance') throw new InstanceNotFound(id)
    instances.look(id)
    const looked = await lookAt(instances, c, pane)
    const now = panes.at(c.req.path)
    return shown(c, now?.kind === 'instance' ? { ...now, looked } : noPane)
  })

  routes.get('/projects/:key', (c) => {
    const pane = panes.at(c.req.path)
    if (pane === null) throw new ProjectNotFound(c.req.param('key'))
    return shown(c, pane)
  })

  // A reload of the page that answered a form is a GET of the form's address.
  for (const path of ['/projects/:key/*', '/instances/:id/*', '/stop-all', '/resume', '/dismiss'])
    routes.get(path, (c) => c.redirect('/', 303))

  return routes
}

/** Reads what the tab shows: the screen, or a page of the conversation. */
async function lookAt(
  instances: FormDeps['instances'],
  c: Context<WebEnv>,
  { tab, instance: { id } }: Extract<Pane, { kind: 'instance' }>,
): Promise<Looked> {
  if (tab === '/details') return {}
  if (tab !== saidTab)
    return { screen: await instances.screen(id), wraps: c.req.query('wrap') === '1' }
  const before = Number(c.req.query('before') ?? Number.NaN)
  return { said: await instances.said(id, Number.isSafeInteger(before) ? before : null) }
}
