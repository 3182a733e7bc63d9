// The app: doors, routes, and the one place where failures are rendered. No logic of its own.
import { Hono, type Context } from 'hono'
import { LabError, TooManyTries, Unauthorized } from '../errors.ts'
import { askerOf, isHtmx } from './routes/form-response.tsx'
import { createApi } from './routes/api.ts'
import { boundedBody } from './body.ts'
import { boundedUrl, createCounts } from './access/limits.ts'
import {
  crossSiteRule,
  foreignReadRule,
  hostRule,
  plainPath,
  requestId,
  strictHeaders,
} from './access/request-rules.ts'
import type { WebEnv } from './env.ts'
import type { WebDeps } from './deps.ts'
import { createForms } from './routes/instance-forms.tsx'
import { noGuards, requireAuth } from './access/auth.ts'
import { createPageModel, type PageModel } from './live/page-model.tsx'
import { createLogin, leadToLogin } from './routes/login.tsx'
import { createPage } from './routes/page.tsx'
import { resolveClient } from './access/client.ts'
import { createStatic, type AssetPaths } from './assets/static.ts'
import { statusOf } from './status.ts'
import { createSeveral } from './routes/bulk-actions.tsx'
import { createStreams } from './live/streams.ts'
import { createMessages } from './live/messages.tsx'
import { renderFailure, renderPage } from './views/document.tsx'
import { renderLogin } from './views/pages/login.tsx'
import { htmlOf } from './views/parts.tsx'
import { RefusalText, type Refusal } from './views/project.tsx'

export interface WebApp {
  /** Answers one request; hand it to the server as it is. */
  readonly fetch: Hono<WebEnv>['fetch']
  /** The same, for tests. */
  readonly request: Hono<WebEnv>['request']
  /** Ends every stream; nothing else of the app holds the process. */
  close(): void
  /** How many streams are open. */
  streams(): number
}

const noProxies = { networks: [], userHeader: null }

/** Makes the page and the JSON API over the service. */
export function createApp(deps: WebDeps): WebApp {
  const { instances, log, now = Date.now, readiness = () => 'ok' } = deps
  const { guards = noGuards, proxies = noProxies, counts = createCounts() } = deps
  const app = new Hono<WebEnv>()
  const { routes, paths } = createStatic(deps.assets)
  const streams = createStreams(instances.subscribe.bind(instances), log, counts, deps.streams)
  const pageModel = createPageModel(instances, {
    now,
    root: deps.projectsRoot,
    server: deps.server,
  })
  const messages = createMessages(instances, pageModel)

  const login = createLogin({
    guards,
    log,
    draw: (form) => renderLogin(form, pageModel.renderContext(), paths),
    onChange: () => streams.recheck(),
  })

  app.use(requestId(log), strictHeaders(), boundedUrl(), resolveClient(proxies))
  app.use(hostRule(deps.requestRules), plainPath(), crossSiteRule())

  // Open to everybody who comes this far; all that follows is not.
  app.get('/healthz', (c) => c.text('ok\n'))
  app.get('/readyz', (c) => c.text(`${readiness()}\n`, readiness() === 'ok' ? 200 : 503))
  app.route('/', routes)
  app.route('/', login)
  app.use(foreignReadRule(), requireAuth(guards), boundedBody)
  app.route('/api/v1', createApi(deps, messages, streams))
  app.route('/', createPage(instances, pageModel, { messages, streams, assets: paths }))
  app.route('/', createForms(instances, pageModel))
  app.route('/', createSeveral(instances, pageModel, paths))

  app.notFound((c) => {
    const hint = c.get('client').isProxied ? ' Behind a proxy, lab does not live below a path.' : ''
    throw new LabError('not_found', `There is nothing at ${c.req.path} for ${c.req.method}.${hint}`)
  })
  app.onError((error, c) => {
    if (error instanceof LabError) {
      counts.add(error.code)
      if (error instanceof TooManyTries) c.header('retry-after', `${error.retryAfterSeconds}`)
      const wayIn = error instanceof Unauthorized ? leadToLogin(c, guards) : null
      return wayIn ?? rendered(c, pageModel, paths, error.code, error.message)
    }
    const request = c.get('requestId')
    log.error({ err: error, request }, 'a request failed unexpectedly')
    return rendered(c, pageModel, paths, null, `Something went wrong (request ${request}).`)
  })

  const unwatch = guards.watch(() => streams.recheck())
  return {
    fetch: app.fetch,
    request: app.request,
    close() {
      unwatch()
      streams.close()
    },
    streams: () => streams.count(),
  }
}

/** A failure in the form its client expects: JSON, partials, the page with the form, or a page of its own. */
function rendered(
  c: Context<WebEnv>,
  pageModel: PageModel,
  assets: AssetPaths,
  code: LabError['code'] | null,
  message: string,
): Response {
  const status = code === null ? 500 : statusOf[code]
  if (c.req.path.startsWith('/api/'))
    return c.json({ error: { code: code ?? 'internal', message } }, status)
  const form = c.get('form')
  const refusal: Refusal = { code: code ?? 'internal', message, ...form }
  if (isHtmx(c)) {
    // The row that was asked for does not exist: whoever still shows it had slept.
    const gone = code === 'instance_not_found' && form?.instance ? [form.instance] : []
    const partials = gone.length > 0 ? pageModel.partials([], gone) : ''
    return c.html(htmlOf(<RefusalText refusal={refusal} />) + partials, status)
  }
  if (form) {
    const options = { ...askerOf(c), refusal }
    return c.html(
      renderPage(pageModel.snapshot(), pageModel.renderContext(), assets, options),
      status,
    )
  }
  return c.html(renderFailure(pageModel.renderContext(), assets, message), status)
}
