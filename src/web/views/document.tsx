// The page as a whole, and the page that says what went wrong.
import type { Child, FC } from 'hono/jsx'
import type { Cap, ResumeOffer, Instance } from '../../core/instance.ts'
import type { AssetPaths } from '../assets/static.ts'
import { About } from './pages/about.tsx'
import { Offer } from './instance/resume-offer.tsx'
import { endedOf } from './instance/ended.tsx'
import type { RenderContext } from './render-context.ts'
import { Attention, needsCount } from './instance/attention.tsx'
import { CapCount, Foreign, Notices } from './overview.tsx'
import { Command, htmlOf, Prose } from './parts.tsx'
import type { Snapshot } from './snapshot.ts'
import { isMatch, ProjectCard, RefusalText, StopAll, type Refusal } from './project.tsx'
import { shellText } from '../../core/text.ts'
import { SignOut } from './pages/sign-out.tsx'

/** What a page differs in, from one request to the next. */
export interface PageOptions {
  /** Hides the cards that do not match. */
  readonly query?: string
  /** Answers a form without htmx. */
  readonly refusal?: Refusal | undefined
  /** What failed of a form about several instances, sent without htmx. */
  readonly failures?: Child
  /** Whether the operator came by a password and may leave. */
  readonly canSignOut?: boolean
  /** Whether a proxy in front may have a sign-on of its own. */
  readonly isProxied?: boolean
  /** What stands in the place of the cards. */
  readonly cards?: Child
}

/** Renders the page. */
export function renderPage(
  snapshot: Snapshot,
  at: RenderContext,
  assets: AssetPaths,
  options: PageOptions = {},
): string {
  const { query = '', refusal, failures, canSignOut = false, isProxied = false, cards } = options
  const { projects, ended, cap, notices, foreign, offer, known, lab } = snapshot
  const instances = projects.flatMap((project) => project.instances)
  const needs = needsCount(instances, offer)
  const isHomeless = refusal && !projects.some(({ key }) => key === refusal.project)
  return documentOf(
    assets,
    at,
    <>
      <Top cap={cap} instances={instances} offer={offer} at={at} />
      <main>
        <Unscripted isProxied={isProxied} />
        <div id="msg" class="message" role="alert">
          {isHomeless ? <RefusalText refusal={refusal} /> : null}
          {failures}
        </div>
        <Notices notices={notices} at={at} />
        <Offer offer={offer} cap={cap} at={at} />
        <Filter query={query} />
        <div id="projects">
          {cards ??
            projects.map((project) => (
              <ProjectCard
                project={project}
                ended={endedOf(ended, project.key)}
                at={at}
                refusal={refusal}
                hidden={!isMatch(project, at, query)}
              />
            ))}
        </div>
        <p id="nothing">No project or instance matches this filter.</p>
        <FirstSteps root={at.root} />
        <Foreign foreign={foreign} at={at} />
        {canSignOut ? <SignOut /> : null}
        <About lab={lab} />
      </main>
      <Connection known={known} />
    </>,
    needs === 0 ? 'lab' : `(${needs}) lab`,
  )
}

const Top: FC<{
  cap: Cap
  instances: readonly Instance[]
  offer: ResumeOffer | null
  at: RenderContext
}> = (props) => (
  <div class="top">
    <header class="bar">
      <h1>
        <a href="/">lab</a>
      </h1>
      <CapCount cap={props.cap} at={props.at} />
      <StopAll
        action="/stop-all"
        target="#msg"
        id="s"
        label="Stop all instances"
        question="Stop every instance of every project?"
      />
    </header>
    <Attention instances={props.instances} offer={props.offer} at={props.at} />
  </div>
)

const Filter: FC<{ query: string }> = ({ query }) => (
  <form class="filter" role="search" method="get" action="/">
    <input
      id="filter"
      type="search"
      name="q"
      value={query}
      placeholder="Filter projects and instances"
      aria-label="Filter projects and instances"
      autocomplete="off"
    />
  </form>
)

/** What keeps the page live, and what says that it is not. */
const Connection: FC<{ known: string }> = ({ known }) => (
  <>
    <div
      id="stream"
      hx-sse:connect={`/events?known=${known}`}
      hx-trigger="ready, every 5s"
      hx-swap="none"
      hx-sync="this:drop"
      hx-config="sse.reconnectDelay:250ms sse.reconnectMaxDelay:5s sse.connectTimeout:10s"
    />
    <p id="offline" role="status" hidden>
      Not live. Reconnecting…
    </p>
    <p id="surplus" role="status" hidden>
      Not live: lab is open in several other windows. Tap here to make this one live.
    </p>
    {/* Shown by the style sheet alone: a network that changes while the page loads takes a script along. */}
    <p id="bare" role="status">
      Not live: a part of this page did not arrive.
      <a class="button" href="/">
        Load again
      </a>
    </p>
  </>
)

// The page's policy (form-action, see ../access/request-rules.ts) forbids that a form ends at another site,
// also by a redirect: where a proxy answers a tap by leading to its sign-on, the browser drops the tap
// without a word. A link may lead there.
const Unscripted: FC<{ isProxied: boolean }> = ({ isProxied }) => (
  <noscript>
    <div class="unscripted">
      <p>
        JavaScript is off, so this page shows changes only when you load it again.
        {isProxied
          ? ' If a button does nothing, your sign-on has ended. Load the page again.'
          : null}
      </p>
      <a class="button" href="/">
        Load again
      </a>
    </div>
  </noscript>
)

/** The page of a failure that belongs to no form. */
export function renderFailure(at: RenderContext, assets: AssetPaths, message: string): string {
  return documentOf(
    // Nothing on it changes, so it needs no script.
    { css: assets.css },
    at,
    <main class="failure">
      <h1>lab</h1>
      <p role="alert">
        <Prose text={message} />
      </p>
      <p>
        <a class="button" href="/">
          Back to the instances
        </a>
      </p>
    </main>,
  )
}

const repository = 'https://github.com/OWNER/NAME.git'

// Shown by the style sheet as long as there is no card.
const FirstSteps: FC<{ root: string }> = ({ root }) => (
  <section id="first" class="first">
    <h2>No projects yet</h2>
    <p>
      Every git repository under <code>{root}</code> becomes a project. Clone one there, then reload
      the page:
    </p>
    <Command text={shellText(['git', 'clone', repository, `${root}/NAME`])} />
    <p>Or create an empty one:</p>
    <Command text={shellText(['git', 'init', `${root}/NAME`])} />
  </section>
)

/** Wraps a body into a document, with the scripts that are given. */
export function documentOf(
  assets: Pick<AssetPaths, 'css'> & Partial<AssetPaths>,
  at: RenderContext,
  body: Child,
  title = 'lab',
): string {
  const page = (
    <html lang="en" data-now={at.now}>
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#f6f6f4" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#131417" media="(prefers-color-scheme: dark)" />
        <meta name="apple-mobile-web-app-title" content="lab" />
        <meta name="htmx-config" content='{"history":false,"includeIndicatorCSS":false}' />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/icon-180.png" />
        {/* Behind a sign-on it is had with the cookies of the page alone. */}
        <link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials" />
        <link rel="stylesheet" href={assets.css} />
        {assets.htmx === undefined ? null : <script src={assets.htmx} defer />}
        {assets.lab === undefined ? null : <script src={assets.lab} type="module" />}
      </head>
      <body>{body}</body>
    </html>
  )
  return `<!doctype html>${htmlOf(page)}`
}
