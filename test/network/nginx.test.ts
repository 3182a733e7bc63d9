// A whole lab behind Debian's nginx, with TLS, single sign-on and the recipe of src/web/access/README.md.
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request as ask } from 'node:https'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestLab } from '../fixtures/lab.ts'
import { createFront, findProgram, labName, type Front } from '../fixtures/nginx.ts'
import { until } from '../fixtures/until.ts'
import { describeInBrowser } from '../browser/browser.ts'

const missing = ['nginx', 'openssl'].filter((name) => findProgram(name) === null)
const skipped = missing.length > 0
if (skipped)
  console.warn(`SKIPPED: the tests behind nginx, because ${missing.join(', ')} is not installed`)
const title = (name: string) => (skipped ? `${name} (SKIPPED: no ${missing.join(', ')})` : name)

type Lab = Awaited<ReturnType<typeof createTestLab>>
let lab: Lab
let front: Front
const fronts: Front[] = []
let seen = 0

beforeAll(async () => {
  if (skipped) return
  front = await createFront()
  fronts.push(front)
  lab = await createTestLab()
  await lab.boot('--max-instances=20', '--trusted-proxy=127.0.0.1/32', `--allowed-host=${labName}`)
  front.proxyTo(lab.url())
  await front.start()
})
afterAll(async () => {
  for (const one of fronts) await one.close()
  await lab?.dispose()
})

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Sends a request through nginx. */
function through(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = ask(
      {
        host: '127.0.0.1',
        port: front.port,
        servername: labName,
        rejectUnauthorized: false,
        method,
        path,
        agent: false,
        headers: { host: `${labName}:${front.port}`, ...headers },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, text }),
        )
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

const journal = (): string => readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8')

const form = () => ({
  'content-type': 'application/x-www-form-urlencoded',
  origin: front.url,
  'sec-fetch-site': 'same-origin',
})

describe.skipIf(skipped)(title('lab behind nginx with sign-on'), () => {
  test('answers the page and the API without a second sign-in', async () => {
    front.user = 'ann'
    const page = await through('GET', '/')
    expect(page.status).toBe(200)
    expect(page.text).toContain('data-project="foo"')
    const server = JSON.parse((await through('GET', '/api/v1/server')).text) as { guard: string }
    expect(server.guard).toBe('proxy')
  })

  test('carries out an action and journals the user that the sign-on names', async () => {
    front.user = 'ann@example.net'
    const started = await through('POST', '/projects/bar/instances', {
      headers: form(),
      body: 'label=by-ann',
    })
    expect(started.status).toBe(303)
    expect(started.headers.location).toBe('/#p-bar')
    await until(() => journal().includes('"by":"user:ann@example.net"'), { what: 'the journal' })
    await until(() => lab.stderr().includes('"by":"user:ann@example.net"'), { what: 'the log' })
  })

  test('ignores the user, host and scheme that a client writes itself', async () => {
    front.user = 'ann'
    const forged = {
      'remote-user': 'root',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '203.0.113.1',
      forwarded: 'for=203.0.113.1;host=evil.example;proto=http',
    }
    const body = 'label=forged'
    const started = await through('POST', '/projects/bar/instances', {
      headers: { ...form(), ...forged },
      body,
    })
    expect(started.status).toBe(303)
    await until(() => /forged.*"by":"user:ann"/.test(journal()), { what: 'the journal' })
    expect(journal()).not.toContain('user:root')
    front.user = null
    const unknown = await through('GET', '/api/v1/projects', { headers: forged })
    expect(unknown.status).toBe(302)
    front.user = 'ann'
  })

  test('refuses another site, and another host name', async () => {
    front.user = 'ann'
    const headers = { ...form(), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await through('POST', '/stop-all', { headers, body: '' })).status).toBe(403)
    const plain = { ...form(), origin: `http://${labName}:${front.port}` }
    expect((await through('POST', '/stop-all', { headers: plain, body: '' })).status).toBe(403)
    const rebound = { host: `evil.example:${front.port}` }
    expect((await through('GET', '/', { headers: rebound })).status).toBe(421)
  })

  test('refuses a request without a user on its own port, past nginx', async () => {
    const { status, body } = await lab.call('GET', '/api/v1/projects')
    expect({ status, code: body.error.code }).toEqual({ status: 401, code: 'unauthorized' })
  })

  test('streams the snapshot at once, and each event while the stream is open', async () => {
    front.user = 'ann'
    let text = ''
    const asked = ask({
      host: '127.0.0.1',
      port: front.port,
      servername: labName,
      rejectUnauthorized: false,
      path: '/api/v1/events',
      headers: { host: `${labName}:${front.port}` },
    })
    let isOver = false
    asked.on('response', (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => (isOver = true))
    })
    asked.on('error', () => {})
    asked.end()
    await until(() => text.includes('"type":"snapshot"'), { what: 'the snapshot' })
    await through('POST', '/projects/foo/instances', { headers: form(), body: 'label=streamed' })
    await until(() => text.includes('"label":"streamed"'), { what: 'the event' })
    expect(isOver).toBe(false)
    asked.destroy()
  })
})

describe.skipIf(skipped)(title('a phone behind nginx'), () => {
  describeInBrowser('with sign-on', ({ visit }) => {
    const secure = { ignoreHTTPSErrors: true }

    test('starts, follows and stops an instance', async () => {
      front.user = 'ann'
      const { page, complaints } = await visit(front.url, secure)
      await tapStart(page)
      const row = '[data-instance="foobar"]'
      await page.waitForSelector(`${row}[data-state="ready"]`)
      await page.click(`${row} .look`)
      await page.click('.pane .stop')
      await page.waitForSelector(row, { state: 'detached' })
      expect(complaints).toEqual([])
    })

    test('shows what happened while it slept', async () => {
      front.user = 'ann'
      const { page } = await visit(front.url, secure)
      await isLive(page)
      await front.stop()
      await page.waitForSelector('#offline:visible')
      const { id } = await startPast('foobar', 'while it slept')
      await front.start()
      await page.waitForSelector(`[data-id="${id}"]`)
      await page.waitForSelector('#offline', { state: 'hidden' })
    })

    test('goes to the sign-on by its next tap when its sign-on has ended, and starts nothing', async () => {
      front.user = 'ann'
      const { page } = await visit(front.url, secure)
      await isLive(page)
      front.user = null
      const before = await names()
      await tapStart(page)
      await page.waitForSelector('h1:has-text("Sign on")')
      expect(new URL(page.url()).searchParams.get('rd')).toBe(`${front.url}/`)
      front.user = 'ann'
      await page.goto(`${front.url}/`)
      await page.waitForSelector('[data-project="foobar"]')
      expect(await names()).toEqual(before)
    })

    test('goes to the sign-on by a form when its sign-on has ended and scripts are off', async () => {
      front.user = 'ann'
      const { page } = await visit(front.url, { ...secure, javaScriptEnabled: false })
      front.user = null
      const before = await names()
      await tapStart(page)
      await page.waitForSelector('h1:has-text("Sign on")')
      expect(new URL(page.url()).searchParams.get('rd')).toBe(`${front.url}/`)
      front.user = 'ann'
      await page.goto(`${front.url}/`)
      await page.waitForSelector('[data-project="foobar"]')
      expect(await names()).toEqual(before)
    })

    test('says what to do when the proxy answers a form by a redirect, which browsers drop', async () => {
      const other = await createFront((recipe) =>
        recipe.replace(/^ *if \(\$request_method.*\n/m, ''),
      )
      fronts.push(other)
      other.proxyTo(lab.url())
      await other.start()
      const { page, complaints } = await visit(other.url, { ...secure, javaScriptEnabled: false })
      other.user = null
      await tapStart(page)
      const said = () => complaints.some((one) => one.includes("form-action 'self'"))
      await until(said, { what: 'the browser drops the form' })
      expect(page.url()).toBe(`${other.url}/`)
      expect(await page.textContent('.unscripted')).toContain('your sign-on has ended')
      await page.click('.unscripted a')
      await page.waitForSelector('h1:has-text("Sign on")')
    })

    test('shows the proxy’s own refusal as a page, not inside a card', async () => {
      // Without error_page nginx answers 401 itself, as some sign-ons do to scripts.
      const bare = await createFront((recipe) => recipe.replace(/^ *error_page .*\n/m, ''))
      fronts.push(bare)
      bare.proxyTo(lab.url())
      await bare.start()
      const { page } = await visit(bare.url, secure)
      // Before that its stream would find out first, and leave.
      await isLive(page)
      bare.user = null
      await tapStart(page)
      await page.waitForSelector('h1:has-text("401")')
      expect(await page.locator('[data-project]').count()).toBe(0)
    })

    test('goes to the sign-on by its stream when its sign-on ends while it only watches', async () => {
      front.user = 'ann'
      const { page } = await visit(front.url, secure)
      await isLive(page)
      front.user = null
      await front.stop()
      await front.start()
      await page.waitForSelector('h1:has-text("Sign on")')
      front.user = 'ann'
    })
  })
})

/** Waits until the page shows an instance that only its stream can have sent. */
async function isLive(page: Page): Promise<void> {
  const { id } = await startPast('foo', `seen-${(seen += 1)}`)
  await page.waitForSelector(`[data-id="${id}"]`)
}

/** Starts an instance of foobar by its button, which a quiet project shows once its fold is open. */
async function tapStart(page: Page): Promise<void> {
  const start = page.locator('#start-foobar button')
  if (!(await start.isVisible())) await page.click('#quiet > summary')
  await start.click()
}

/** The names of all live instances. */
async function names(): Promise<readonly string[]> {
  const { projects } = JSON.parse((await lab.run('ls', '--json')).stdout) as {
    projects: { instances: { name: string }[] }[]
  }
  return projects.flatMap(({ instances }) => instances.map(({ name }) => name))
}

/** Starts an instance past the proxy, with the token of the local commands. */
async function startPast(project: string, label: string): Promise<{ id: string }> {
  const { exitCode, stderr } = await lab.run('new', project, '--label', label)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const { stdout } = await lab.run('ls', '--json')
  return {
    id: new RegExp(`"id": ?"([^"]+)"(?:(?!"id")[^])*"label": ?"${label}"`).exec(stdout)![1]!,
  }
}
