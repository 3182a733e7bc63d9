// The app: request rules, guards, routes, and the one place that renders failures.
import { Hono, type Context } from 'hono'
import { LabError, TooManyTries, Unauthorized } from '../errors.ts'
import type { Notify } from '../notify/notify.ts'
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
import { createStatic, type AssetFiles } from './assets/static.ts'
import { boundedBody } from './body.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../problems.ts'
import type { WebEnv } from './env.ts'
import { createMessages } from './live/messages.tsx'
import { createPageModel } from './live/page-model.tsx'
import { createPanes } from './live/panes.ts'
import { createStreams, type StreamLimits } from './live/streams.ts'
import { createDemoRoutes } from './routes/demo.ts'
import { createClaudeLoginRoutes } from './routes/login/claude.tsx'
import { createEventRoutes } from './routes/events.ts'
import { askerOf, isHtmx, type FormDeps } from './routes/form-response.tsx'
import { createHealthRoutes, type Readiness } from './routes/health.ts'
import { createInputRoutes } from './routes/input.tsx'
import { createInstanceRoutes } from './routes/instances.tsx'
import { createLoginRoutes, leadToLogin } from './routes/login/password.ts'
import { createPageRoutes } from './routes/page.ts'
import { createProjectRoutes } from './routes/projects.ts'
import { createPushRoutes } from './routes/notify/push.ts'
import { createResumeRoutes } from './routes/resume.ts'
import { createServerRoutes } from './routes/server.ts'
import { createSettingsRoutes } from './routes/settings.ts'
import type { ServerInfo } from './server-info.ts'
import { statusOf } from './status.ts'
import { renderPage } from './views/document.tsx'
import { renderLogin } from './views/pages/login.tsx'
import { noPane, type Pane } from './views/pane/pane.tsx'
import { htmlOf } from './views/parts.tsx'
import { RefusalText, type Refusal } from './views/refusal.tsx'
import { renderFailure } from './views/shell.tsx'
import { terminalCss } from './views/terminal/palette.ts'

export interface WebDeps {
  readonly instances: Service
  readonly notify: Notify
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
  /** Ends the agents of a demonstration and starts them again; null where lab runs real agents. */
  readonly demo?: { startOver(): Promise<void> } | null
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
  const { instances, notify, guards, log, now = Date.now, counts = createCounts() } = deps
  const app = new Hono<WebEnv>()
  const { routes: assetRoutes, paths: assets } = createStatic(deps.assets, terminalCss())
  const streams = createStreams(instances.subscribe.bind(instances), log, counts, deps.streams)
  const pageModel = createPageModel(instances, {
    now,
    root: deps.projectsRoot,
    machine: deps.server().machine,
    isDemo: Boolean(deps.demo),
  })
  const panes = createPanes(instances)
  const messages = createMessages(instances, { pageModel, panes })
  const forms = { instances, pageModel, panes, assets }
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
  app.route('/', createClaudeLoginRoutes({ ...forms, server: deps.server }))
  app.route('/', createPushRoutes(notify))
  app.route('/', createEventRoutes(instances, { messages, streams, notify }))
  app.route('/', createPageRoutes(forms, deps))
  if (deps.demo) app.route('/', createDemoRoutes(deps.demo))

  app.notFound((c) => {
    const hint = c.get('client').isProxied ? ' Behind a proxy, lab does not work below a path.' : ''
    throw new LabError('not_found', `There is nothing at ${c.req.path} for ${c.req.method}.${hint}`)
  })
  app.onError((error, c) => {
    if (error instanceof LabError) {
      counts.add(error.code)
      if (error instanceof TooManyTries) c.header('retry-after', `${error.retryAfterSeconds}`)
      const wayIn = error instanceof Unauthorized ? leadToLogin(c, guards) : null
      return wayIn ?? rendered(c, forms, error.code, error.message)
    }
    const request = c.get('requestId')
    log.error({ err: error, request }, 'a request failed unexpectedly')
    return rendered(c, forms, null, `Something went wrong (request ${request}).`)
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

/** An instance's page with the refusal of one of its forms; no pane where there is no such page. */
function refusedIn(pane: Pane | null, refusal: Refusal): Pane {
  return pane?.kind === 'instance' ? { ...pane, refusal } : noPane
}

/** A failure in the form that its client expects: JSON, partials, the page with the form, or a failure page. */
function rendered(
  c: Context<WebEnv>,
  { pageModel, panes, assets }: FormDeps,
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
    // An agent that asks something else than the page shows brings its new card along.
    const partials = gone.length > 0 || code === 'question_gone' ? pageModel.partials([], gone) : ''
    return c.html(htmlOf(<RefusalText refusal={refusal} />) + partials, status)
  }
  if (form) {
    const snapshot = pageModel.snapshot()
    const path = form.place === 'pane' ? `/instances/${form.instance}` : '/'
    const pane: Pane =
      form.place === 'start'
        ? {
            kind: 'new',
            projects: snapshot.byLastUse,
            settings: snapshot.settings,
            chosen: form.project,
            refusal,
          }
        : refusedIn(panes.at(path), refusal)
    const options = { ...askerOf(c), refusal, pane, path }
    return c.html(renderPage(snapshot, pageModel.nextContext(), assets, options), status)
  }
  return c.html(renderFailure(pageModel.nextContext(), assets, message), status)
}
