// A real chromium on a real server: what the page does in the hands of its operator.
import { EventEmitter, once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import type { Instance } from '../../src/core/instance.ts'
import { until } from '../fixtures/until.ts'
import { createLab, listen, type Lab } from '../web/lab.ts'

function findChromium(): string | null {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
      try {
        accessSync(join(dir, name), constants.X_OK)
        return join(dir, name)
      } catch {
        // Not here.
      }
    }
  return null
}

const executablePath = findChromium()
if (executablePath === null)
  console.warn('SKIPPED: the browser tests, because there is no chromium on PATH')

export interface Opened {
  readonly page: Page
  /** What the browser complained about: policy violations, errors in the console, exceptions. */
  readonly complaints: string[]
}

export interface Runtime {
  /** Serves the app on a free port, or on the one given. */
  readonly serve: (lab: Lab, port?: number) => ReturnType<typeof listen>
  /** Opens a page of its own in a context of its own, on a phone unless said otherwise. */
  readonly visit: (url: string, options?: BrowserContextOptions) => Promise<Opened>
}

/** Describes what needs a browser; skipped by name where there is none. */
export function describeInBrowser(name: string, tests: (world: Runtime) => void): void {
  const title = executablePath === null ? `${name} (SKIPPED: no chromium on PATH)` : name
  describe.skipIf(executablePath === null)(title, () => {
    let browser: Browser
    const closers: (() => Promise<unknown>)[] = []
    beforeAll(async () => {
      const quiet = ['background-networking', 'component-update', 'sync', 'gpu', 'dev-shm-usage']
      const args = ['--no-sandbox', '--no-first-run', ...quiet.map((one) => `--disable-${one}`)]
      // A first start on a new machine reads all of it from the disk.
      browser = await chromium.launch({
        executablePath: executablePath!,
        args,
        timeout: 55_000,
      })
    })
    afterEach(async () => {
      while (closers.length > 0) await closers.pop()!()
    })
    afterAll(() => browser?.close())

    tests({
      async serve(lab, port) {
        const server = await listen(lab.app, port)
        closers.push(() => server.close())
        return server
      },
      async visit(url, options = {}) {
        const context = await browser.newContext({
          viewport: { width: 390, height: 844 },
          ...options,
        })
        closers.push(() => context.close())
        // Below a test's own limit, so that what was waited for is named.
        context.setDefaultTimeout(20_000)
        const page = await context.newPage()
        const complaints: string[] = []
        page.on('console', (message) => {
          if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
        })
        page.on('pageerror', (error) => complaints.push(String(error)))
        await page.goto(url)
        return { page, complaints }
      },
    })
  })
}

/** Waits until the page is live: as many streams as pages. */
export async function untilLive(lab: Lab, page: Page, pages = 1): Promise<void> {
  await page.waitForSelector('html.js')
  await until(() => lab.app.streams() >= pages, { what: 'the page becomes live' })
}

/**
 * Waits until an expression is true in the page. (`page.waitForFunction` has the page itself evaluate the
 * text again, which its policy forbids: it works only where nothing has to be waited for.)
 */
export async function becomes(page: Page, expression: string): Promise<void> {
  await until(async () => Boolean(await page.evaluate(expression)), { what: expression })
}

/** Unfolds the projects without agents. */
export async function showQuiet(page: Page): Promise<void> {
  await page.click('#quiet > summary')
}

/** Opens the pane of an instance by its row, and waits until it is there. */
export async function look(page: Page, id: string): Promise<void> {
  await page.click(`#i-${id} .look`)
  await page.waitForSelector(`#d-${id}`)
}

/** Opens the sheet that starts an agent. */
export async function openStart(page: Page): Promise<void> {
  await page.click('.foot [data-sheet]')
  await page.waitForSelector('#sheet #start:visible')
}

/** Waits until a form is ready for the next tap: its last answer is on the page. */
export async function isAnswered(page: Page, form: string): Promise<void> {
  await page.waitForSelector(`${form}:not(.htmx-request)`)
}

/** Taps what leads to another page, without scripts, and waits until that is there. */
export async function follow(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.click(selector)])
}

export interface HeldAnswer {
  /** Resolves once the server has answered and the page still waits. */
  isHeld(): Promise<unknown>
  /** Lets the answer through, and resolves when the page has it. */
  deliver(): Promise<void>
}

/** Holds back the next answer from that address, as a slow network does. */
export async function holdAnswers(page: Page, address: string): Promise<HeldAnswer> {
  const gate = new EventEmitter()
  const held = once(gate, 'held')
  await page.route(address, async (route) => {
    const response = await route.fetch()
    const opened = once(gate, 'open')
    gate.emit('held')
    await opened
    await route.fulfill({ response })
  })
  return {
    isHeld: () => held,
    async deliver() {
      await held
      const answered = page.waitForResponse(address)
      gate.emit('open')
      await (await answered).finished()
    },
  }
}

/** A lab with one of everything, for tests of how it looks. */
export async function everything(): Promise<{ lab: Lab; ids: Record<string, string> }> {
  const lab = createLab({
    projects: ['foo', 'a-project-with-quite-a-long-name-of-60-characters-in-all-ab'],
    max: 9,
  })
  const long = 'W'.repeat(60)
  const start = async (label: string, fields: Partial<Instance>): Promise<string> => {
    const project =
      label === long ? 'a-project-with-quite-a-long-name-of-60-characters-in-all-ab' : 'foo'
    const { id } = await lab.service.start({ project, label }, 'page')
    lab.service.change(id, fields)
    return id
  }
  const deepLink = 'https://claude.ai/code/session_1'
  const ids = {
    ready: await start('', { state: 'ready', linkState: 'linked', deepLink }),
    busy: await start(long, { state: 'busy', linkState: 'unavailable' }),
    waiting: await start('waits', { state: 'waiting', waitingFor: 'permission prompt' }),
    unknown: await start('', { state: 'unknown', linkState: 'lost' }),
    dead: await start('dead', {}),
    stopping: await start('ends', { state: 'stopping' }),
    starting: await start('begins', {}),
  }
  lab.service.die(ids.dead, { lastLines: ['x'.repeat(300), 'the end'] })
  lab.service.setNotices([{ code: 'claude_missing', message: 'No claude. Use `--claude PATH`.' }])
  lab.service.setForeign([{ name: 'irssi', attached: 1, createdAt: new Date(0).toISOString() }])
  return { lab, ids }
}
