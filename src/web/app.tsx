// The app: request rules, guards, routes, and the one place that renders failures.
import { Hono, type Context } from 'hono'
import { LabError, TooManyTries, Unauthorized } from '../errors.ts'
import type { Service } from '../instances/service.ts'
import { requireAuth, type Guards } from './access/auth.ts'
import { resolveClient, type Proxies } from './access/client.ts'
import { boundedUrl, createCounts, type Counts } from './access/limits.ts'
import {
  crossSiteRule,
  foreignReadRule,
  hostRule,
  plainPath,
  requestId,
  strictHeaders,
  type RequestRules,
} from './access/request-rules.ts'
import { createStatic, type AssetFiles, type AssetPaths } from './assets/static.ts'
import { boundedBody } from './body.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../problems.ts'
import type { WebEnv } from './env.ts'
import { createMessages } from './live/messages.tsx'
import { createPageModel, type PageModel } from './live/page-model.tsx'
import { createStreams, type StreamLimits } from './live/streams.ts'
import { createEventRoutes } from './routes/events.ts'
import { askerOf, isHtmx } from './routes/form-response.tsx'
import { createHealthRoutes, type Readiness } from './routes/health.ts'
import { createInputRoutes } from './routes/input.ts'
import { createInstanceRoutes } from './routes/instances.ts'
import { createLoginRoutes, leadToLogin } from './routes/login.ts'
import { createPageRoutes } from './routes/page.ts'
import { createProjectRoutes } from './routes/projects.ts'
import { createResumeRoutes } from './routes/resume.ts'
import { createServerRoutes } from './routes/server.ts'
import { createSettingsRoutes } from './routes/settings.ts'
import type { ServerInfo } from './server-info.ts'
import { statusOf } from './status.ts'
import { renderFailure, renderPage } from './views/document.tsx'
import { renderLogin } from './views/pages/login.tsx'
import { htmlOf } from './views/parts.tsx'
import { RefusalText, type Refusal } from './views/project.tsx'

export interface WebDeps {
  readonly instances: Service
  readonly server: () => ServerInfo
  readonly requestRules: RequestRules
  /** Which requests are authenticated. */
  readonly guards: Guards
  readonly proxies: Proxies
  readonly counts?: Counts
  /** The folder whose repositories are the projects, absolute. */
  readonly projectsRoot: string
  readonly log: Log
  readonly assets: AssetFiles
  /** What went wrong with an instance without ending it; nothing, when not given. */
  readonly problems?: (id: string) => readonly Problem[]
  /** Whether lab can do its work, for /readyz; always, when not given. */
  readonly readiness?: () => Readiness
  /** Milliseconds since the epoch; stands in for the clock. */
  readonly now?: () => number
  readonly streams?: Partial<StreamLimits>
}

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

/** Makes the page and the JSON API over the service. */
export function createApp(deps: WebDeps): WebApp {
  const { instances, guards, log, now = Date.now, counts = createCounts() } = deps
  const app = new Hono<WebEnv>()
  const { routes: assetRoutes, paths: assets } = createStatic(deps.assets)
  const streams = createStreams(instances.subscribe.bind(instances), log, counts, deps.streams)
  const pageModel = createPageModel(instances, {
    now,
    root: deps.projectsRoot,
    server: deps.server,
  })
  const messages = createMessages(instances, pageModel)
  const forms = { instances, pageModel, assets }
  const login = createLoginRoutes({
    guards,
    log,
    draw: (form) => renderLogin(form, pageModel.nextContext(), assets),
    onChange: () => streams.recheck(),
  })

  app.use(requestId(log), strictHeaders(), boundedUrl(), resolveClient(deps.proxies))
  app.use(hostRule(deps.requestRules), plainPath(), crossSiteRule())

  // These answer everybody whom the rules above let through. The guards stand before all that follows.
  app.route('/', createHealthRoutes(deps.readiness ?? (() => 'ok')))
  app.route('/', assetRoutes)
  app.route('/', login)
  app.use(foreignReadRule(), requireAuth(guards), boundedBody)
  app.route('/', createServerRoutes(deps.server))
  app.route('/', createSettingsRoutes(instances))
  app.route('/', createProjectRoutes(forms))
  app.route('/', createInstanceRoutes({ ...forms, problems: deps.problems ?? (() => []) }))
  app.route('/', createInputRoutes(forms))
  app.route('/', createResumeRoutes(forms))
  app.route('/', createEventRoutes(instances, { messages, streams }))
  app.route('/', createPageRoutes(forms))

  app.notFound((c) => {
    const hint = c.get('client').isProxied ? ' Behind a proxy, lab does not work below a path.' : ''
    throw new LabError('not_found', `There is nothing at ${c.req.path} for ${c.req.method}.${hint}`)
  })
  app.onError((error, c) => {
    if (error instanceof LabError) {
      counts.add(error.code)
      if (error instanceof TooManyTries) c.header('retry-after', `${error.retryAfterSeconds}`)
      const wayIn = error instanceof Unauthorized ? leadToLogin(c, guards) : null
      return wayIn ?? rendered(c, pageModel, assets, error.code, error.message)
    }
    const request = c.get('requestId')
    log.error({ err: error, request }, 'a request failed unexpectedly')
    return rendered(c, pageModel, assets, null, `Something went wrong (request ${request}).`)
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

/** A failure in the form that its client expects: JSON, partials, the page with the form, or a failure page. */
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
    // The row does not exist any more: a phone that slept still shows it.
    const gone = code === 'instance_not_found' && form?.instance ? [form.instance] : []
    const partials = gone.length > 0 ? pageModel.partials([], gone) : ''
    return c.html(htmlOf(<RefusalText refusal={refusal} />) + partials, status)
  }
  if (form) {
    const options = { ...askerOf(c), refusal }
    return c.html(
      renderPage(pageModel.snapshot(), pageModel.nextContext(), assets, options),
      status,
    )
  }
  return c.html(renderFailure(pageModel.nextContext(), assets, message), status)
}
