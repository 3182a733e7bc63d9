// The app behind real guards: files in a folder of the test's own, a clock that the test moves, and
// requests that come from whatever address the test says.
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAuthSessions } from '../../../src/store/auth-sessions.ts'
import { createCounts, type Counts } from '../../../src/web/access/limits.ts'
import type { WebDeps } from '../../../src/web/app.tsx'
import { openGuards, type Guards } from '../../../src/web/access/auth.ts'
import type { FakeServiceOptions } from '../fake-service.ts'
import { createLab, host, type Lab } from '../lab.ts'
import { logTo } from '../../fixtures/log.ts'

export const password = 'correct horse battery staple'
export const tokenText = 'phone: token-of-the-phone\ntoken-without-a-name\n'
export const bootToken = 'boot-token-of-this-run'

export interface Request extends RequestInit {
  /** The address that the socket shows. */
  readonly from?: string
  /** The address at lab's end of the socket. */
  readonly to?: string
}

export interface Guarded extends Lab {
  readonly guards: Guards
  readonly counts: Counts
  /** What was logged at every level. */
  readonly logged: { readonly fields: object; readonly message: string }[]
  readonly files: { readonly password: string; readonly tokens: string }
  /** Asks from an address; without a word about it, as a program without any credential. */
  send(path: string, request?: Request): Promise<Response>
  /** Posts a form as the page does, from an address. */
  post(path: string, fields?: Record<string, string>, request?: Request): Promise<Response>
  /** Signs in and returns the `Cookie` header. */
  signIn(request?: Request): Promise<string>
  /** Moves the clock. */
  pass(ms: number): void
  /** Puts new text in the place of a file, as editors do. */
  rewrite(file: 'password' | 'tokens', text: string): void
  /** The same folder as a lab that was started anew finds it. */
  restart(): Promise<Guarded>
}

export interface GuardedOptions {
  readonly folder: string
  readonly password?: boolean
  readonly tokens?: boolean
  readonly proxies?: readonly string[]
  readonly userHeader?: string | null
  readonly deps?: Partial<WebDeps> & FakeServiceOptions
}

/** Makes a lab with the guards that are asked for; with none named, with a password and tokens. */
export async function createGuarded(options: GuardedOptions): Promise<Guarded> {
  const { folder, proxies = [], userHeader = 'Remote-User', deps = {} } = options
  const all = options.password === undefined && options.tokens === undefined && !proxies.length
  const files = { password: join(folder, 'password'), tokens: join(folder, 'tokens') }
  put(files.password, `${password}\n`)
  put(files.tokens, tokenText)
  const begin = Date.now()
  return build()

  async function build(): Promise<Guarded> {
    let passed = 0
    // It stands still otherwise: how long the test itself takes counts for nothing.
    const now = (): number => begin + passed
    const logged: { fields: object; message: string }[] = []
    const log = logTo((record) => logged.push(record))
    const counts = createCounts()
    const guards = await openGuards(
      {
        passwordFile: (options.password ?? all) ? files.password : null,
        tokenFile: (options.tokens ?? all) ? files.tokens : null,
        trustedProxies: proxies,
        proxyUserHeader: userHeader,
      },
      {
        bootToken,
        openAuthSessions: () => openAuthSessions(folder, now),
        log,
        now,
        steadyNow: now,
      },
    )
    const lab = createLab({
      guards,
      proxies: { networks: proxies, userHeader },
      counts,
      log,
      now,
      ...deps,
    })

    async function send(path: string, request: Request = {}): Promise<Response> {
      const { from = '127.0.0.1', to = '127.0.0.1', ...init } = request
      const headers = new Headers(init.headers)
      if (!headers.has('host')) headers.set('host', host)
      const socket = { remoteAddress: from, localAddress: to }
      return lab.app.request(path, { ...init, headers }, { incoming: { socket, url: path } })
    }

    const post: Guarded['post'] = (path, fields = {}, request = {}) => {
      const headers = new Headers({
        'content-type': 'application/x-www-form-urlencoded',
        origin: `http://${host}`,
        'sec-fetch-site': 'same-origin',
      })
      new Headers(request.headers).forEach((value, name) => headers.set(name, value))
      const body = new URLSearchParams(fields).toString()
      return send(path, { ...request, method: 'POST', body, headers })
    }

    return {
      ...lab,
      guards,
      counts,
      logged,
      files,
      send,
      post,
      async signIn(request) {
        const response = await post('/login', { password }, request)
        if (response.status !== 303) throw new Error(`no sign-in: ${response.status}`)
        return cookieOf(response)
      },
      pass: (ms) => void (passed += ms),
      rewrite: (file, text) => put(files[file], text),
      restart: build,
    }
  }
}

/** Puts text in the place of a file, as editors do. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  chmodSync(`${path}.new`, 0o600)
  renameSync(`${path}.new`, path)
}

/** The cookie that an answer sets, as a browser sends it back. */
export function cookieOf(response: Response): string {
  return (response.headers.get('set-cookie') ?? '').split(';', 1)[0]!
}

export async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code
}
