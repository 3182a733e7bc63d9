// Signing in and out by lab's own password, and the way there for requests without valid credentials.
// It works without any script. A refusal is the same form with a sentence.
import { Hono, type Context } from 'hono'
import { LabError, TooManyTries } from '../../../errors.ts'
import { boundedBody, readForm } from '../../body.ts'
import { dropCookie, readCookie, writeCookie } from '../../access/cookie.ts'
import type { Log } from '../../../log.ts'
import type { WebEnv } from '../../env.ts'
import type { Guards } from '../../access/auth.ts'
import { localPath, pathOfPage, signInPath } from '../../access/return-path.ts'
import type { Password } from '../../access/password.ts'

// With so many in front, a person waits for seconds.
const waitingMax = 16

export interface LoginDeps {
  readonly guards: Guards
  readonly log: Log
  /** Draws the form. */
  readonly draw: (form: { next: string; message?: string }) => string
  /** Called when a principal may have lost its access. */
  readonly onChange: () => void
}

/** Makes /login and /logout; without a password there is no such page. */
export function createLoginRoutes({ guards, log, draw, onChange }: LoginDeps): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()
  const { password } = guards
  if (!password) return routes

  routes.get('/login', (c) => c.html(draw({ next: localPath(c.req.query('next')) })))

  routes.post('/login', boundedBody, async (c) => {
    const { password: candidate = '', next } = await readForm(c)
    const refusal = await refusalOf(c, password, candidate)
    const { address } = c.get('client')
    if (!refusal) {
      writeCookie(c, password, await password.issue())
      log.info({ address }, 'somebody signed in')
      return c.redirect(localPath(next), 303)
    }
    log.warn({ address, code: refusal.code }, 'a sign-in was refused')
    if (refusal instanceof TooManyTries) c.header('retry-after', `${refusal.retryAfterSeconds}`)
    const { message } = refusal
    const status = refusal.code === 'too_many_tries' ? 429 : 401
    return c.html(draw({ next: localPath(next), message }), status)
  })

  async function refusalOf(
    c: Context<WebEnv>,
    secret: Password,
    candidate: string,
  ): Promise<LabError | null> {
    const { address } = c.get('client')
    const { wrongPasswords } = guards
    const attempt = wrongPasswords.take(address)
    if (!attempt) {
      // The right password counts, however often others at this address were wrong.
      const isRight = await wrongPasswords.slowly(address, () => secret.isRight(candidate))
      return isRight ? null : new TooManyTries(wrongPasswords.waitSeconds(address))
    }
    if (secret.waiting() >= waitingMax) {
      attempt.giveBack()
      return new LabError(
        'too_many_tries',
        'Too many people sign in at once. Try again in a moment.',
      )
    }
    if (!(await secret.isRight(candidate)))
      return new LabError('unauthorized', 'That is not the password. Try again.')
    attempt.giveBack()
    return null
  }

  routes.post('/logout', boundedBody, async (c) => {
    const { everywhere } = await readForm(c)
    const signIn = await password.authenticate(readCookie(c, password) ?? '')
    dropCookie(c, password)
    if (signIn) {
      const ended = everywhere === '1' ? password.endAll() : signIn.end()
      // It has ended already, also when that cannot be written down.
      await ended.finally(onChange)
      log.info({ address: c.get('client').address, everywhere: everywhere === '1' }, 'signed out')
    }
    return c.redirect('/login', 303)
  })

  return routes
}

/**
 * Leads a person to the sign-in page: a page by a redirect, htmx and its streams by the header that makes
 * htmx leave the page instead of swapping. Null for programs: they get the refusal.
 */
export function leadToLogin(c: Context<WebEnv>, { password }: Guards): Response | null {
  const { path, method } = c.req
  if (path.startsWith('/api/')) {
    c.header('www-authenticate', 'Bearer')
    return null
  }
  if (c.req.header('hx-request') === 'true' || path === '/events') {
    const page = c.req.header('hx-current-url') ?? c.req.header('referer')
    // Without a page of lab's own, a reload leads to the proxy's.
    if (password) c.header('hx-redirect', signInPath(pathOfPage(page, c.get('client').host)))
    else c.header('hx-refresh', 'true')
    return c.body(null, 401)
  }
  if (!password) return null
  const isRead = method === 'GET' || method === 'HEAD'
  const { pathname, search } = new URL(c.req.url)
  const next = isRead
    ? pathname + search
    : pathOfPage(c.req.header('referer'), c.get('client').host)
  return c.redirect(signInPath(next), 303)
}
