// Authentication: by the user that a trusted proxy names, by a known bearer token, or by a valid sign-in.
// Without any guard lab listens on loopback only, and every caller is its operator.
import type { Context, MiddlewareHandler } from 'hono'
import type { Actor } from '../../core/actor.ts'
import { TooManyTries, Unauthorized } from '../../errors.ts'
import { createRateLimit, type RateLimit, type Slowness } from './rate-limit.ts'
import type { Log } from '../../log.ts'
import type { Principal, WebEnv } from '../env.ts'
import {
  createPassword,
  parsePassword,
  type Password,
  type SignIn,
  type SignInStore,
} from './password.ts'
import { openSecretFile } from './secret-file.ts'
import { readCookie } from './cookie.ts'
import { createTokens, isSameSecret, parseTokens, type Tokens } from './tokens.ts'

export interface Guards {
  readonly password: Password | null
  readonly tokens: Tokens | null
  /** Good for this run of lab only; the local commands read it from `server.json`. */
  readonly bootToken: string | null
  /** Whether there are trusted proxies that name their users. */
  readonly hasProxies: boolean
  /** Wrong tries of passwords and of tokens, by address. */
  readonly wrongPasswords: RateLimit
  readonly wrongTokens: RateLimit
  /** Milliseconds by a clock that no administrator sets: it measures durations. */
  readonly steadyNow: () => number
  /** Sentences for the operator about the modes of the files. */
  readonly warnings: readonly string[]
  /** Calls `onChange` when a principal may have lost its access, until the returned function is called. */
  watch(onChange: () => void): () => void
}

export interface GuardFlags {
  readonly passwordFile: string | null
  readonly tokenFile: string | null
  readonly trustedProxies: readonly string[]
  readonly proxyUserHeader: string | null
}

// Tokens are long and made by machines: the limit only stops a script that tries without end.
const wrongTokensMax = 30
const tokenSlowness: Slowness = { restMs: (wrong) => (wrong === 0 ? 0 : 50), waitingMax: 64 }
const wrongPasswordsMax = 5

/**
 * Opens the files that the flags name; `openAuthSessions` is called when there is a password.
 * @throws UsageError naming the flag, the file and the remedy
 */
export async function openGuards(
  flags: GuardFlags,
  deps: {
    readonly bootToken: string
    readonly openAuthSessions: () => Promise<SignInStore>
    readonly log: Log
    /** Milliseconds since the epoch: cookies outlive lab. */
    readonly now: () => number
    readonly steadyNow: () => number
  },
): Promise<Guards> {
  const { log, now } = deps
  const passwordFile =
    flags.passwordFile === null
      ? null
      : openSecretFile(
          { flag: '--password-file', path: flags.passwordFile, isPrivate: false },
          parsePassword,
          log,
        )
  const tokenFile =
    flags.tokenFile === null
      ? null
      : openSecretFile(
          { flag: '--token-file', path: flags.tokenFile, isPrivate: true },
          parseTokens,
          log,
        )
  const password = passwordFile && createPassword(passwordFile, await deps.openAuthSessions(), now)
  await password?.refresh()
  return {
    password,
    tokens: tokenFile && createTokens(tokenFile),
    bootToken: deps.bootToken,
    hasProxies: flags.trustedProxies.length > 0 && flags.proxyUserHeader !== null,
    wrongPasswords: createRateLimit(wrongPasswordsMax, deps.steadyNow),
    wrongTokens: createRateLimit(wrongTokensMax, deps.steadyNow, tokenSlowness),
    steadyNow: deps.steadyNow,
    warnings: [passwordFile?.warning, tokenFile?.warning].filter((one) => one != null),
    watch(onChange) {
      const changed = () => {
        void (password?.refresh() ?? Promise.resolve()).then(onChange, (err: unknown) =>
          log.error({ err }, 'the password could not be read again'),
        )
      }
      const ends = [passwordFile?.watch(changed), tokenFile?.watch(changed)]
      return () => ends.forEach((end) => end?.())
    },
  }
}

/** The guards that are on, for people to read: `loopback` when none is. */
export function nameGuards({ password, tokens, hasProxies }: Guards): string {
  const on = [password && 'password', tokens && 'token', hasProxies && 'proxy']
  return on.filter(Boolean).join(', ') || 'loopback'
}

// A stream behind a proxy ends after this time, so that the proxy authenticates the user again. The page
// reconnects and shows nothing of it.
const proxiedStreamMs = 15 * 60_000

const operator: Principal = { name: null, isWelcome: () => true, hasSignedIn: false }

/** Answers only requests that a guard authenticates. @throws Unauthorized, TooManyTries */
export function requireAuth(guards: Guards): MiddlewareHandler<WebEnv> {
  return async (c, next) => {
    const principal = await authenticate(c, guards)
    if (!principal) throw new Unauthorized(remedyOf(guards))
    c.set('principal', principal)
    return next()
  }
}

async function authenticate(c: Context<WebEnv>, guards: Guards): Promise<Principal | null> {
  const { password, tokens, hasProxies, steadyNow: now } = guards
  if (!password && !tokens && !hasProxies) return operator
  const { user } = c.get('client')
  if (user !== null) {
    const until = now() + proxiedStreamMs
    return { name: `user:${user}`, isWelcome: () => now() < until, hasSignedIn: false }
  }
  const cookie = password && readCookie(c, password)
  const signIn = cookie === null ? null : await password?.authenticate(cookie)
  const [, token] = /^Bearer +([!-~]+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (token !== undefined) {
    // A proxy may add its own token to the cookie of a user who has signed in.
    if (signIn) return bearer(token, guards) ?? principalOf(signIn)
    return countedBearer(c, token, guards)
  }
  return signIn ? principalOf(signIn) : null
}

function principalOf(signIn: SignIn): Principal {
  return { name: null, isWelcome: () => signIn.isGood(), hasSignedIn: true }
}

/** The principal of a token; null for an unknown token. */
function bearer(token: string, { tokens, bootToken }: Guards): Principal | null {
  if (bootToken !== null && isSameSecret(token, bootToken)) return operator
  const found = tokens?.find(token)
  if (!found) return null
  return {
    name: found.name === null ? null : `token:${found.name}`,
    isWelcome: () => tokens?.find(token) != null,
    hasSignedIn: false,
  }
}

/** The same, and each wrong token slows down the next one from that address. @throws Unauthorized, TooManyTries */
async function countedBearer(
  c: Context<WebEnv>,
  token: string,
  guards: Guards,
): Promise<Principal> {
  const { bootToken, wrongTokens, password } = guards
  const { address } = c.get('client')
  if (bootToken !== null && isSameSecret(token, bootToken)) return operator
  const attempt = wrongTokens.take(address)
  let principal: Principal | null = null
  const check = (): boolean => (principal = bearer(token, guards)) !== null
  const isRight = attempt ? check() : await wrongTokens.slowly(address, async () => check())
  if (isRight) attempt?.giveBack()
  if (principal) return principal
  // A proxy that adds its own token to every request must not keep a person from the sign-in page.
  const isPage = password !== null && !c.req.path.startsWith('/api/')
  if (!attempt && !isPage) throw new TooManyTries(wrongTokens.waitSeconds(address))
  throw new Unauthorized('lab does not know this token. Compare it with --token-file.')
}

function remedyOf({ password, tokens, hasProxies }: Guards): string {
  const ways = [
    password && 'sign in at /login',
    tokens && 'send a token of --token-file as `Authorization: Bearer TOKEN`',
    hasProxies && 'come through the proxy that signs you on',
  ]
  return `lab cannot authenticate this request: ${ways.filter(Boolean).join(', or ')}.`
}

/** By whom an action is done: the name that a guard knows, else the way in which the request came. */
export function actorOf(c: Context<WebEnv>, way: Actor): Actor {
  return c.get('principal').name ?? way
}

/** The same for the JSON API: lab's own commands and notifications name themselves, every other caller is a program. */
export function apiActorOf(c: Context<WebEnv>): Actor {
  const way = c.req.header('lab-actor')
  return actorOf(c, way === 'cli' || way === 'agent' || way === 'notify' ? way : 'api')
}
