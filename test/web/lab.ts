// The app as serve makes it, over the fake service, with the real files of the page. Its door is open to everybody.
import { readFileSync } from 'node:fs'
import { serve, type ServerType } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { defaultPreferences } from '../../src/core/settings.ts'
import { createNotify } from '../../src/notify/notify.ts'
import { memoryFile } from '../notify/push-server.ts'
import type { Guards } from '../../src/web/access/auth.ts'
import type { Proxies } from '../../src/web/access/client.ts'
import { createRateLimit } from '../../src/web/access/rate-limit.ts'
import { createApp, type WebApp, type WebDeps } from '../../src/web/app.tsx'
import type { AssetFiles } from '../../src/web/assets/static.ts'
import { createFakeService, type FakeService, type FakeServiceOptions } from './fake-service.ts'
import { logTo, mockLog } from '../fixtures/log.ts'

const file = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

export function readAssets(): AssetFiles {
  return {
    'htmx.min.js': file('node_modules/htmx.org/dist/htmx.min.js'),
    'hx-sse.min.js': file('node_modules/htmx.org/dist/ext/hx-sse.min.js'),
    'lab.js': file('public/lab.js'),
    'lab.css': file('public/lab.css'),
    'phone.js': file('public/phone.js'),
    'sw.js': file('public/sw.js'),
    'icon.svg': file('public/icon.svg'),
    'icon-maskable.svg': file('public/icon-maskable.svg'),
    'icon-180.png': new Uint8Array(
      readFileSync(new URL('../../public/icon-180.png', import.meta.url)),
    ),
    'manifest.webmanifest': file('public/manifest.webmanifest'),
  }
}

export interface Lab {
  readonly app: WebApp
  readonly service: FakeService
  /** What was logged as an error. */
  readonly errors: { readonly fields: object; readonly message: string }[]
  /** Asks as a program on this machine would: a loopback Host and nothing else. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
  /** Posts a form as lab's own page does without htmx. */
  readonly submit: (
    path: string,
    fields?: Record<string, string>,
    headers?: Record<string, string>,
  ) => Promise<Response>
}

export const host = '127.0.0.1:8080'

/** Lets in everybody who reaches the app, as lab does on loopback without any guard. */
export const openToEverybody: Guards = {
  password: null,
  tokens: null,
  bootToken: null,
  hasProxies: false,
  wrongPasswords: createRateLimit(5, () => performance.now()),
  wrongTokens: createRateLimit(30, () => performance.now()),
  steadyNow: () => performance.now(),
  warnings: [],
  watch: () => () => {},
}

export const noProxies: Proxies = { networks: [], userHeader: null }

export function createLab(options: FakeServiceOptions & Partial<WebDeps> = {}): Lab {
  const service = createFakeService(options)
  const errors: Lab['errors'] = []
  const notify = createNotify({
    // Nothing happens on its own: a test that wants to be told makes a "notify" over the service.
    instances: { list: () => [], subscribe: () => () => {} },
    preferences: () => defaultPreferences.notify,
    url: null,
    file: memoryFile(),
    log: mockLog(),
    now: Date.now,
  })
  const app = createApp({
    instances: service,
    notify,
    server: () => ({
      version: '0.1.0',
      pid: process.pid,
      machine: 'box',
      bootedAt: '2026-01-01T00:00:00.000Z',
      tmux: { argv: ['tmux', '-L', 'lab'], version: '3.3a' },
      claude: {
        path: '/usr/bin/claude',
        version: '2.1.0',
        login: 'logged_in',
        dir: '/home/ann/.claude',
        dirFrom: null,
      },
      projectsRoot: options.root ?? '/srv/projects',
      stateDir: '/srv/state',
      variables: { passed: ['GH_TOKEN'], withheld: ['DOCKER_HOST'], missing: ['TYPO'] },
      cap: service.cap(),
      guard: 'loopback',
      memoryBytes: 90 * 1024 * 1024,
      refused: {},
      notices: service.notices(),
    }),
    guards: openToEverybody,
    proxies: noProxies,
    requestRules: { boundHost: '127.0.0.1', allowedHosts: [] },
    projectsRoot: options.root ?? '/srv/projects',
    log: { ...mockLog(), error: logTo((record) => errors.push(record)).error },
    assets: readAssets(),
    ...options,
  })
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (!headers.has('host')) headers.set('host', host)
    return app.request(path, { ...init, headers })
  }
  return {
    app,
    service,
    errors,
    ask,
    submit: (path, fields = {}, headers = {}) =>
      ask(path, {
        method: 'POST',
        body: new URLSearchParams(fields).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: `http://${host}`,
          'sec-fetch-site': 'same-origin',
          ...headers,
        },
      }),
  }
}

export interface Served {
  readonly url: string
  readonly port: number
  /** How many connections stand. */
  connections(): Promise<number>
  close(): Promise<void>
}

/** Serves an app on a free loopback port, or on the one given. */
export async function listen(app: WebApp, port = 0): Promise<Served> {
  const server: ServerType = await new Promise((resolve) => {
    const made = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, () => resolve(made))
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    connections: () =>
      new Promise((resolve) => {
        server.getConnections((_, count) => resolve(count))
      }),
    close: () =>
      new Promise((resolve) => {
        app.close()
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
