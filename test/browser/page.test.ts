import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { NotLoggedIn } from '../../src/errors.ts'
import { ageText } from '../../src/web/views/render-context.ts'
import { createLab } from '../web/lab.ts'
import { question } from '../fixtures/question.ts'
import {
  becomes,
  describeInBrowser,
  everything,
  follow,
  look,
  openStart,
  untilLive,
} from './browser.ts'

/** The boxes of everything that can be tapped and is shown. */
async function targetsOf(page: Page): Promise<{ what: string; width: number; height: number }[]> {
  return page.evaluate(`[...document.querySelectorAll('a:not(.skip), button, summary, input, select')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .map((one) => (one.matches('.option input') ? one.parentElement : one))
    .map((one) => {
      const { width, height } = one.getBoundingClientRect()
      return { what: one.outerHTML.slice(0, 80), width, height }
    })`)
}

/** The buttons whose words stick out of them. */
async function overfullOf(page: Page): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll('.button')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => one.scrollWidth > one.clientWidth || one.getBoundingClientRect().right > innerWidth)
    .map((one) => one.outerHTML)`)
}

/** Where the rows and buttons are, to see whether something moved. */
async function placesOf(page: Page): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll('.card, .row, .start-one .button')]
    .map((one) => [one.id || one.parentElement.id, one.getBoundingClientRect().top])`)
}

describeInBrowser('the page', ({ serve, visit }) => {
  // 195 px is what 390 px are to whom letters must be twice as large.
  for (const width of [195, 320, 390, 768, 1280])
    test(`at ${width} px scrolls in one direction only, and every target has 44 px`, async () => {
      const { lab, ids } = await everything()
      const stopped = await lab.service.start({ project: 'foo', label: 'W'.repeat(60) }, 'page')
      lab.service.swept(stopped.id)
      const instances = [lab.service.get(stopped.id)]
      lab.service.setResumeOffer({ reason: 'tmux_gone', instances })
      const { url } = await serve(lab)
      const { page, complaints } = await visit(url, { viewport: { width, height: 844 } })
      await untilLive(lab, page)
      const paths = [
        '/new',
        '/more',
        '/projects/foo',
        ...Object.values(ids).map((id) => `/instances/${id}`),
      ]
      for (const path of ['/', ...paths]) {
        await page.goto(url + path)
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        const targets = await targetsOf(page)
        if (path === '/') expect(targets.length).toBeGreaterThan(20)
        const small = targets.filter((one) => one.width < 44 || one.height < 44)
        expect(small).toEqual([])
        expect(await overfullOf(page)).toEqual([])
      }
      expect(complaints).toEqual([])
    })

  test('breaks nothing of its own policy, from the first look to the last tap', async () => {
    const { lab, ids } = await everything()
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click('#start-foo button')
    await page.click(`#n-${ids['dead']} button:has-text("Dismiss")`)
    await page.waitForSelector(`#i-${ids['dead']}`, { state: 'detached' })
    await look(page, ids['ready']!)
    await page.click(`#d-${ids['ready']} .stop`)
    await page.waitForSelector(`#d-${ids['ready']}[data-state="stopping"]`)
    await page.click('.back')
    await page.waitForSelector('#needs:visible')
    await openStart(page)
    await page.keyboard.press('Escape')
    await page.click('.bar .more')
    await page.click('#s > button')
    await page.click('#s .danger')
    await page.waitForSelector('.row[data-state="busy"]', { state: 'detached' })
    await page.waitForSelector('#menu', { state: 'hidden' })
    expect(complaints).toEqual([])
  })

  test('moves nothing when a row changes or a tap is under way', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo', label: 'fix' }, 'page')
    await lab.service.start({ project: 'bar' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const before = await placesOf(page)
    const deepLink = 'https://claude.ai/code/session_1'
    lab.service.change(id, { state: 'ready', linkState: 'linked', deepLink })
    await page.waitForSelector(`#i-${id} a.open`)
    expect(await placesOf(page)).toEqual(before)
    lab.service.change(id, { state: 'busy', doing: 'Edit src/a/very/long/path/'.repeat(9) })
    await page.waitForSelector(`#i-${id} .rest`)
    expect(await placesOf(page)).toEqual(before)
    await page.route('**/projects/**', () => {})
    await page.click('#start-foo button')
    await page.waitForSelector('#start-foo .pending:visible')
    expect(await placesOf(page)).toEqual(before)
    lab.service.stop(id, 'page')
    await page.waitForSelector(`#i-${id}[data-state="stopping"]`)
    expect(await placesOf(page)).toEqual(before)
  })

  test('adds rows at the end, and keeps the order of the rest', async () => {
    const lab = createLab()
    const first = await lab.service.start({ project: 'foo' }, 'page')
    await lab.service.start({ project: 'foo' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    lab.service.die(first.id)
    lab.service.dismiss(first.id, 'page')
    await page.waitForSelector(`[data-id="${first.id}"]`, { state: 'detached' })
    await page.click('#start-foo button')
    await page.waitForSelector('[data-instance="foo"]')
    const names = `[...document.querySelectorAll('[data-instance]')].map((row) => row.dataset.instance)`
    expect(await page.evaluate(names)).toEqual(['foo~2', 'foo'])
    await page.reload()
    expect(await page.evaluate(names)).toEqual(['foo', 'foo~2'])
  })

  test('is worked by keyboard alone, and never loses the place', async () => {
    const lab = createLab({ projects: ['foo'] })
    const { id } = await lab.service.start({ project: 'foo', label: 'fix' }, 'page')
    lab.service.change(id, { state: 'ready' })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key)
    }
    const focus = () =>
      page.evaluate(`document.activeElement.getAttribute('aria-label') ??
      document.activeElement.textContent`)
    await press('Tab')
    expect(await focus()).toContain('Skip to the agents')
    await press('Enter', 'Tab')
    expect(await focus()).toContain('foo')
    await press('Tab')
    expect(await focus()).toBe('Start an instance in foo')
    await press('Tab')
    expect(await focus()).toContain('fix')
    await press('Enter')
    await page.waitForSelector(`#d-${id}`)
    await page.waitForSelector('#pane-title:focus')
    await page.focus(`#d-${id} .stop`)
    await press('Enter')
    await page.waitForSelector(`#d-${id}[data-state="stopping"]`)
    expect(await page.evaluate('document.activeElement !== document.body')).toBe(true)
  })

  test('hears the keys of a keyboard, but not those that are typed', async () => {
    const lab = createLab()
    const first = await lab.service.start({ project: 'bar' }, 'page')
    const second = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(second.id, { state: 'waiting', question: question({ id: 'q1' }) })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const focused = () => page.evaluate(`document.activeElement.closest('[id]').id`)
    await page.keyboard.press('j')
    expect(await focused()).toBe(`i-${first.id}`)
    await page.keyboard.press('j')
    expect(await focused()).toBe(`i-${second.id}`)
    await page.keyboard.press('k')
    expect(await focused()).toBe(`i-${first.id}`)
    await page.keyboard.press('a')
    expect(await page.textContent(':focus')).toBe('No')
    await page.keyboard.press('?')
    await page.waitForSelector('#keys:popover-open')
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    await page.keyboard.type('s?j')
    expect(await page.inputValue('#filter')).toBe('s?j')
    await page.fill('#filter', '')
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('s')
    await page.waitForSelector('#sheet #start:visible')
  })

  test('shows where the focus is', async () => {
    const { lab } = await everything()
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab')
      const [outline, what] = await page.evaluate<string[]>(
        '[getComputedStyle(document.activeElement).outlineStyle, document.activeElement.outerHTML]',
      )
      expect([outline, what]).toEqual(['solid', what])
    }
  })

  test('filters as one types, new rows and cards included', async () => {
    const lab = createLab({ projects: ['foo', 'bar'] })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const shown = () =>
      page.evaluate(`[...document.querySelectorAll('.card')].filter((one) => one.checkVisibility())
        .map((one) => one.id)`)
    await page.fill('#filter', ' BA')
    expect(await shown()).toEqual(['p-bar'])
    await lab.service.start({ project: 'foo', label: 'Bananas' }, 'page')
    await page.waitForSelector('#p-foo:visible')
    lab.service.addProject('zoo')
    lab.service.addProject('bazaar')
    await page.waitForSelector('#p-bazaar')
    expect(await shown()).toEqual(['p-bar', 'p-bazaar', 'p-foo'])
    await page.fill('#filter', 'nothing like it')
    await page.waitForSelector('#nothing:visible')
    await page.press('#filter', 'Enter')
    await page.fill('#filter', '')
    expect(await shown()).toHaveLength(4)
  })

  test('keeps the ages fresh, in the words of the server', async () => {
    const begin = Date.parse('2026-01-01T00:00:00Z')
    let passed = 0
    const lab = createLab({ now: () => begin + passed })
    await lab.service.start({ project: 'foo' }, 'page')
    const { url } = await serve(lab)
    const { page } = await visit('about:blank')
    // The phone's clock is half a day off.
    await page.clock.install({ time: begin + 43_200_000 })
    await page.goto(url)
    await untilLive(lab, page)
    const since = new Date(begin).toISOString()
    for (const ms of [30_000, 90_000, 7_200_000, 259_200_000]) {
      passed += ms + 5000
      await page.clock.fastForward(ms)
      await page.clock.runFor(5000)
      expect(await page.textContent('.row time')).toBe(ageText(since, begin + passed))
    }
  })

  test('copies a command, and says so', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const { page } = await visit((await serve(lab)).url, {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    await untilLive(lab, page)
    await look(page, id)
    await page.click('.tabs >> text=Details')
    await page.waitForSelector(`#d-${id} .details`)
    const places = `[...document.querySelectorAll('#d-${id} .details *')].map((one) => {
      const { x, y, width, height } = one.getBoundingClientRect()
      return [one.localName, x, y, width, height]
    })`
    const before = await page.evaluate(places)
    const saysCopied = `document.querySelector('#d-${id} [data-copy]').textContent === 'Copied'`
    // It says so for two seconds only.
    const [then] = await Promise.all([
      page.evaluate(`new Promise((resolve) => {
        new MutationObserver(() => ${saysCopied} && resolve(${places}))
          .observe(document.body, { subtree: true, childList: true, characterData: true })
      })`),
      page.click(`#d-${id} [data-copy]`),
    ])
    expect(then).toEqual(before)
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      "tmux -L lab attach -t '=foo:'",
    )
  })

  for (const [width, isBeside] of [
    [390, false],
    [1280, true],
  ] as const)
    test(`shows the page of an agent ${isBeside ? 'beside' : 'instead of'} the list at ${width} px, in its one main landmark`, async () => {
      const lab = createLab({ projects: ['foo', 'quiet'] })
      const { id } = await lab.service.start({ project: 'foo' }, 'page')
      const viewport = { width, height: 844 }
      const { page } = await visit((await serve(lab)).url, { viewport })
      await untilLive(lab, page)
      await look(page, id)
      for (const part of ['.row', '#quiet', '#needs', '.foot'])
        expect([part, await page.isVisible(part)]).toEqual([part, isBeside])
      expect(await page.locator('main').count()).toBe(1)
      expect(await page.isVisible(`main #d-${id}`)).toBe(true)
    })

  test('without repositories says what to type, until there is one', async () => {
    const lab = createLab({ projects: [] })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.waitForSelector('text=git clone')
    lab.service.addProject('foo')
    await page.waitForSelector('#p-foo', { state: 'attached' })
    expect(await page.isVisible('text=git clone')).toBe(false)
  })

  test('counts in its title what needs the operator', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    expect(await page.title()).toBe('lab · box')
    lab.service.change(id, { state: 'waiting', waitingFor: 'trust' })
    await becomes(page, `document.title === '(1) lab · box'`)
  })
})

describeInBrowser('the page without JavaScript', ({ serve, visit }) => {
  const options = { javaScriptEnabled: false }

  test('starts, refuses, starts anyway, stops, dismisses and stops all', async () => {
    const lab = createLab()
    const { page, complaints } = await visit((await serve(lab)).url, options)
    lab.service.failNext(new NotLoggedIn())
    await follow(page, '.foot [data-sheet]')
    await page.selectOption('#start-project', 'foo')
    await page.fill('#start-label', 'fix')
    await follow(page, '#start .primary')
    expect(await page.textContent('#msg-start')).toContain('not logged in')
    expect(await page.inputValue('#start-label')).toBe('fix')
    expect(await page.inputValue('#start-project')).toBe('foo')
    await follow(page, 'text=Start anyway')
    expect(new URL(page.url()).hash).toMatch(/^#i-/)
    expect(await page.locator('[data-instance="foo~2~fix"]').count()).toBe(1)

    await page.click('#quiet > summary')
    await follow(page, '#start-bar button')
    await follow(page, '[data-instance="bar"] .look')
    await follow(page, '.pane .stop')
    expect(await page.locator('[data-instance="bar"][data-state="stopping"]').count()).toBe(1)
    await follow(page, '.back')
    lab.service.die(lab.service.resolve('foo~2~fix'))
    await page.reload()
    await follow(page, 'text=Dismiss')
    expect(await page.locator('[data-instance="foo~2~fix"]').count()).toBe(0)

    await page.click('#quiet > summary')
    await follow(page, '#start-foo button')
    await follow(page, '#p-foo .names')
    await page.click('#s-foo > button')
    await follow(page, '#s-foo .danger')
    expect(await page.locator('[data-instance="foo"][data-state="stopping"]').count()).toBe(1)
    await page.goto(new URL('/', page.url()).href)
    await lab.service.start({ project: 'foo' }, 'page')
    await page.reload()
    await page.click('.bar .more')
    await page.click('#s > button')
    await follow(page, '#s .danger')
    expect(page.url()).toMatch(/\/$/)
    // A status of 400 or more is all that a browser may mention here.
    expect(complaints.filter((one) => !one.includes('status of 503'))).toEqual([])
  })

  test('fits a phone, with every word in its button', async () => {
    const lab = createLab({ proxies: { networks: ['127.0.0.1/32'], userHeader: null } })
    const { page } = await visit((await serve(lab)).url, options)
    await page.waitForSelector('.unscripted:has-text("your sign-on has ended")')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect(await overfullOf(page)).toEqual([])
    const small = (await targetsOf(page)).filter((one) => one.width < 44 || one.height < 44)
    expect(small).toEqual([])
  })

  test('filters by a form', async () => {
    const lab = createLab()
    const { page } = await visit((await serve(lab)).url, options)
    await page.fill('#filter', 'ba')
    await Promise.all([page.waitForEvent('load'), page.press('#filter', 'Enter')])
    expect(await page.isVisible('#p-bar')).toBe(true)
    expect(await page.isVisible('#p-foo')).toBe(false)
  })
})
