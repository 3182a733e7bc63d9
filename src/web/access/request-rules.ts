// Rules for every request, before any route runs: small middlewares, each one sentence of the contract.
// A rule throws its refusal, and the app's onError renders it.
import { randomBytes } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { isLoopback } from '../../core/loopback.ts'
import { InvalidRequest, LabError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { WebEnv } from '../env.ts'
import type { Client } from '../env.ts'

export interface RequestRules {
  /** The address lab listens on, without brackets. */
  readonly boundHost: string
  /** Further host names, as `URL.hostname` writes them. */
  readonly allowedHosts: readonly string[]
}

const hostPattern = /^(?:\[[\da-f:.]+\]|[^\s/?#@\\:[\]]+)(?::\d{1,5})?$/i

function hostnameOf(host: string): string | null {
  if (!hostPattern.test(host)) return null
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : null
}

/** Gives every request an id of lab's own making and one line in the debug log. */
export function requestId(log: Log): MiddlewareHandler<WebEnv> {
  return async (c, next) => {
    const id = randomBytes(6).toString('hex')
    const start = performance.now()
    c.set('requestId', id)
    await next()
    c.res.headers.set('x-request-id', id)
    const { method, path } = c.req
    const by = c.get('principal')?.name ?? undefined
    const ms = Math.round(performance.now() - start)
    log.debug({ request: id, method, path, status: c.res.status, by, ms }, 'request')
  }
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const securityHeaders = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: with it a browser sends `Origin: null` with the page's own forms, which the
  // cross-site rule must refuse. Either way nothing leaves for another site.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** Puts the strict policy on every answer; a browser may store only an answer that allows it. */
export function strictHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(securityHeaders)) c.res.headers.set(name, value)
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
  }
}

// What URL parsers resolve before any route sees it: `projects/%2e%2e/instances` would be `instances`,
// and its DELETE would stop everything.
const dotSegment = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\]|$)/i

/** Refuses paths with dot segments or broken percent-encoding. */
export function plainPath(): MiddlewareHandler<WebEnv> {
  return (c, next) => {
    const [path = ''] = (c.env?.incoming?.url ?? c.req.path).split('?')
    if (!dotSegment.test(path) && isDecodable(path)) return next()
    throw new InvalidRequest(
      'The address has a dot segment or a broken percent-encoding. Write the path without them.',
    )
  }
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/**
 * Answers only under a loopback name, the bind address or an allowed host: the end of DNS rebinding. Bound
 * to every address, that is the one that was asked. A proxy's own name for lab must be one of them, too:
 * otherwise a rebound page could put on the headers of a proxy on the same machine.
 */
export function hostRule({ boundHost, allowedHosts }: RequestRules): MiddlewareHandler<WebEnv> {
  const bound = boundHost.includes(':') ? `[${boundHost}]` : boundHost.toLowerCase()
  const allowed = new Set([bound, ...allowedHosts.map((host) => host.toLowerCase())])
  const isWildcard = boundHost === '0.0.0.0' || boundHost === '::'
  return (c, next) => {
    const { host: asked, localAddress } = c.get('client')
    const here = localAddress?.includes(':') ? `[${localAddress}]` : localAddress
    const isOurs = (name: string | null): boolean =>
      name !== null && (isLoopback(name) || allowed.has(name) || (isWildcard && name === here))
    const host = [c.req.header('host') ?? '', asked].find((name) => !isOurs(hostnameOf(name)))
    if (host === undefined) return next()
    const hostname = hostnameOf(host)
    throw new LabError(
      'unknown_host',
      `lab does not answer under the name "${host}". If it is yours, start lab with --allowed-host ${hostname ?? 'NAME'}.`,
    )
  }
}

/** Lets a change in only from lab's own page, or, without any sign of a browser, as JSON or bare. */
export function crossSiteRule(): MiddlewareHandler<WebEnv> {
  return (c, next) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)) return next()
    const site = c.req.header('sec-fetch-site')
    const origin = c.req.header('origin')
    const fromElsewhere = site !== undefined && site !== 'same-origin' && site !== 'none'
    const otherOrigin = origin !== undefined && !isOwnOrigin(origin, c.get('client'))
    const noBrowser = site === undefined && origin === undefined
    const isBareApi = c.req.path.startsWith('/api/v1/') && hasJsonOrNothing(c.req.raw.headers)
    if (fromElsewhere || otherOrigin || (noBrowser && !isBareApi)) {
      const { isProxied, host } = c.get('client')
      throw new LabError(
        'cross_site',
        isProxied && otherOrigin && !fromElsewhere
          ? `This request came from ${origin}, but the proxy passed it on as ${host}. Have the proxy pass on Host with its port, and X-Forwarded-Proto.`
          : 'This request did not come from lab’s own page, so lab changed nothing. Programs use /api/v1 with application/json.',
      )
    }
    return next()
  }
}

const streamPaths = new Set(['/events', '/api/v1/events'])

/**
 * Keeps pages of other sites from having lab work: an image or a frame that leads to a stream would hold
 * it for as long as that page is open, and a few dozen would leave none for the operator. A link to lab's
 * page may come from anywhere. (Another port of the same host is another site.)
 */
export function foreignReadRule(): MiddlewareHandler<WebEnv> {
  return (c, next) => {
    const site = c.req.header('sec-fetch-site')
    const origin = c.req.header('origin')
    // A browser that follows a link sends no Origin.
    const isForeignScript = origin !== undefined && !isOwnOrigin(origin, c.get('client'))
    const fromElsewhere = site !== undefined && site !== 'same-origin' && site !== 'none'
    if (!isForeignScript && (!fromElsewhere || isFollowedLink(c))) return next()
    throw new LabError(
      'cross_site',
      'A page of another site sent this request, so lab did not answer it. Open lab at its own address.',
    )
  }
}

function isFollowedLink(c: Context<WebEnv>): boolean {
  const dest = c.req.header('sec-fetch-dest') ?? 'document'
  const mode = c.req.header('sec-fetch-mode') ?? 'navigate'
  const isNavigation = mode === 'navigate' && dest === 'document'
  return isNavigation && !streamPaths.has(c.req.path)
}

function isOwnOrigin(origin: string, { host, scheme }: Client): boolean {
  if (!/^https?:\/\//i.test(origin) || !URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  if (scheme !== null && protocol !== `${scheme}:`) return false
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === originHost
}

function hasJsonOrNothing(headers: Headers): boolean {
  const type = headers.get('content-type')
  if (type !== null) return /^application\/json\s*(;|$)/i.test(type)
  return (headers.get('content-length') ?? '0') === '0' && !headers.has('transfer-encoding')
}
