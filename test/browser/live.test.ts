import { expect, test } from 'vitest'
import { StoreUnwritable } from '../../src/errors.ts'
import { createLab } from '../web/lab.ts'
import { steadyPort } from '../fixtures/port.ts'
import { until } from '../fixtures/until.ts'
import {
  becomes,
  describeInBrowser,
  holdAnswers,
  isAnswered,
  look,
  openStart,
  showQuiet,
  untilLive,
} from './browser.ts'

describeInBrowser('the live page', ({ serve, visit }) => {
  test('a start adds exactly one row, though the answer and the stream both bring it', async () => {
    const lab = createLab()
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.selectOption('#start-project', 'foo')
    await page.fill('#start-label', 'fix it')
    await page.click('#start .primary')
    await page.waitForSelector('[data-instance="foo~2~fix-it"]')
    lab.service.change(lab.service.resolve('foo~2~fix-it'), { state: 'ready' })
    await page.waitForSelector('[data-state="ready"]')
    expect(await page.locator('[data-instance]').count()).toBe(1)
    expect(await page.textContent('#cap')).toContain('1 of 6')
    // The row may come by the stream before the form has its answer.
    await page.waitForSelector('.begin', { state: 'detached' })
    expect(await page.locator('[data-instance]').count()).toBe(1)
    expect(complaints).toEqual([])
  })

  test('a refusal lands in the sheet and keeps what was typed', async () => {
    const lab = createLab()
    await lab.service.start({ project: 'bar' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    lab.service.failNext(new StoreUnwritable('/state'))
    await openStart(page)
    await page.selectOption('#start-project', 'foo')
    await page.fill('#start-label', 'number seven')
    await page.press('#start-label', 'Enter')
    await page.waitForSelector('#msg-start:has-text("cannot write")')
    expect(await page.inputValue('#start-label')).toBe('number seven')
    expect(await page.textContent('#msg-foo')).toBe('')
    await isAnswered(page, '#start')
    await page.click('#start .primary')
    await page.waitForSelector('[data-instance="foo~2~number-seven"]')
    await page.waitForSelector('#sheet', { state: 'hidden' })
    expect(await page.inputValue('#start-label')).toBe('')
    expect(await page.textContent('#msg-start')).toBe('')
  })

  test('a refusal for want of room goes when room is made', async () => {
    const lab = createLab({ max: 1 })
    const { id } = await lab.service.start({ project: 'bar' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await showQuiet(page)
    await page.click('#start-foo button')
    await page.waitForSelector('#msg-foo:has-text("Stop one")')
    lab.service.die(id)
    await page.waitForSelector('#msg-foo:empty', { state: 'attached' })
  })

  test('an impatient second tap is no second start, and a patient one is', async () => {
    const lab = createLab()
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    // How long a thumb waits is said here, and not by how busy the machine is.
    const tapped = Date.now()
    await page.clock.setFixedTime(tapped)
    await page.evaluate(`window.sent = 0
      document.addEventListener('htmx:before:request', () => (sent += 1))`)
    await showQuiet(page)
    await page.click('#start-foo button')
    await page.waitForSelector('[data-instance="foo"]')
    await isAnswered(page, '#start-foo')
    await page.clock.setFixedTime(tapped + 999)
    await page.click('#start-foo button')
    expect(await page.evaluate('sent')).toBe(1)
    await page.clock.setFixedTime(tapped + 1000)
    await page.click('#start-foo button')
    await page.waitForSelector('[data-instance="foo~2"]')
    expect(await page.evaluate('sent')).toBe(2)
    expect(lab.service.asked.filter((one) => one.startsWith('start'))).toHaveLength(2)
  })

  test('typed text, focus, selection, an open menu, scroll and filter survive every update', async () => {
    const lab = createLab({
      projects: ['foo', 'bar', ...Array.from({ length: 20 }, (_, i) => `po${i}`)],
    })
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const server = await serve(lab, await steadyPort())
    const { page } = await visit(server.url)
    await untilLive(lab, page)
    await page.fill('#filter', 'o')
    await page.evaluate('scrollTo(0, 37)')
    await openStart(page)
    await page.fill('#start-label', 'half a la')
    await page.evaluate(`document.querySelector('#start-label').setSelectionRange(2, 5)`)
    const shown = () =>
      page.evaluate(`({
        focus: document.activeElement.id,
        text: document.activeElement.value,
        from: document.activeElement.selectionStart,
        to: document.activeElement.selectionEnd,
        isOpen: document.getElementById('sheet').matches(':popover-open'),
        isUnfolded: document.getElementById('quiet').open,
        scroll: scrollY,
        cards: [...document.querySelectorAll('[data-project]:not([hidden])')].length,
      })`)
    const before = await shown()
    expect(before).toMatchObject({
      focus: 'start-label',
      from: 2,
      isOpen: true,
      isUnfolded: true,
      scroll: 37,
      cards: 21,
    })

    lab.service.change(id, { state: 'busy', attached: 3 })
    await page.waitForSelector(`#i-${id}[data-state="busy"]`)
    expect(await shown()).toEqual(before)

    // The whole picture after a reconnect.
    lab.app.close()
    await server.close()
    const again = createLab({ instances: lab.service })
    lab.service.change(id, { state: 'ready' })
    await serve(again, server.port)
    await page.waitForSelector(`#i-${id}[data-state="ready"]`)
    expect(await shown()).toEqual(before)
  })

  test('what is typed while a start is under way is not thrown away', async () => {
    const lab = createLab()
    await lab.service.start({ project: 'bar' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await openStart(page)
    const answer = await holdAnswers(page, '**/new')
    await page.selectOption('#start-project', 'foo')
    await page.fill('#start-label', 'one')
    await page.click('#start .primary')
    await page.waitForSelector('#start .pending:visible')
    await page.fill('#start-label', 'two')
    await answer.deliver()
    await page.waitForSelector('[data-instance="foo~2~one"]')
    await page.waitForSelector('#sheet', { state: 'hidden' })
    expect(await page.inputValue('#start-label')).toBe('two')
  })

  test('every tap is answered at once, however slow the network', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const { page } = await visit(`${(await serve(lab)).url}/instances/${id}`)
    await untilLive(lab, page)
    // Nothing is ever answered, and the look comes in the same task as the tap.
    await page.route('**/*', () => {})
    for (const selector of ['#start-bar .button', `#d-${id} .stop`, '#s .danger']) {
      const visibility = await page.evaluate(`(() => {
        const button = document.querySelector(${JSON.stringify(selector)})
        button.click()
        return getComputedStyle(button.querySelector('.pending')).visibility
      })()`)
      expect(visibility).toBe('visible')
    }
  })

  test('an update of a row does not end the sign that its stop was heard', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const { page } = await visit(`${(await serve(lab)).url}/instances/${id}`)
    await untilLive(lab, page)
    await page.route('**/stop?*', () => {})
    await page.click(`#d-${id} .stop`)
    lab.service.change(id, { state: 'ready' })
    await page.waitForSelector(`#d-${id}[data-state="ready"]`)
    expect(await page.isVisible(`#d-${id} .stop .pending`)).toBe(true)
  })

  test('two tabs show the same, with one stream each', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const [one, two] = [await visit(url), await visit(url)]
    await untilLive(lab, one.page, 2)
    await showQuiet(one.page)
    await one.page.click('#start-foo button')
    await two.page.waitForSelector('[data-instance="foo"]')
    const id = lab.service.resolve('foo')
    await look(two.page, id)
    await two.page.click(`#d-${id} .stop`)
    await one.page.waitForSelector('[data-instance="foo"][data-state="stopping"]')
    lab.service.die(id)
    lab.service.dismiss(id, 'page')
    for (const { page } of [one, two])
      await page.waitForSelector('[data-instance]', { state: 'detached' })
    await until(() => lab.app.streams() === 2, { what: 'one stream for each page' })
  })

  test('an older answer that arrives late changes nothing and brings nothing back', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const stop = await holdAnswers(page, '**/instances/*/stop?*')
    // The answer says "stopping"; while it is on its way the instance is gone.
    await look(page, id)
    await page.click(`#d-${id} .stop`)
    await stop.isHeld()
    lab.service.die(id)
    lab.service.dismiss(id, 'page')
    await page.waitForSelector(`[data-id="${id}"]`, { state: 'detached' })
    await stop.deliver()
    await lab.service.start({ project: 'bar' }, 'page')
    await page.waitForSelector('[data-instance="bar"]', { state: 'attached' })
    expect(await page.locator(`[data-id="${id}"]`).count()).toBe(0)
    await page.click('.back')
    await showQuiet(page)

    // The answer says "starting"; while it is on its way the instance has become busy.
    const start = await holdAnswers(page, '**/projects/foo/instances')
    await page.click('#start-foo button')
    await start.isHeld()
    lab.service.change(lab.service.resolve('foo'), { state: 'busy' })
    await page.waitForSelector('[data-instance="foo"][data-state="busy"]')
    await start.deliver()
    await isAnswered(page, '#start-foo')
    expect(await page.locator('[data-instance="foo"][data-state="busy"]').count()).toBe(1)
  })

  test('a stop from a page that slept stops nothing, says so, and the row goes', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const { url } = await serve(lab)
    const { page } = await visit('about:blank')
    await page.route('**/events*', (route) => route.abort())
    await page.goto(`${url}/instances/${id}`)
    lab.service.die(id)
    lab.service.dismiss(id, 'page')
    const other = await lab.service.start({ project: 'foo' }, 'page')
    expect(other.name).toBe('foo')
    await page.click(`#d-${id} .stop`)
    await page.waitForSelector(`#msg-pane-${id}:has-text("lab does not know the instance")`)
    await page.waitForSelector(`#i-${id}`, { state: 'detached' })
    expect(lab.service.get(other.id).state).toBe('starting')
  })

  test('a server that was down comes back with the whole picture, also after a restart', async () => {
    const lab = createLab()
    const gone = await lab.service.start({ project: 'foo', label: 'goes' }, 'page')
    const stays = await lab.service.start({ project: 'foo', label: 'stays' }, 'page')
    const server = await serve(lab, await steadyPort())
    const { page } = await visit(server.url)
    await untilLive(lab, page)
    // Many renderings, so that the serials of the next boot are lower than those on the page.
    for (let i = 0; i < 50; i++) lab.service.change(stays.id, { doing: `step ${i}` })
    await server.close()
    await page.waitForSelector('#offline:visible')
    lab.service.die(gone.id)
    lab.service.dismiss(gone.id, 'page')
    lab.service.change(stays.id, { state: 'busy' })
    await lab.service.start({ project: 'bar', label: 'new' }, 'page')
    lab.service.addProject('young')
    await serve(createLab({ instances: lab.service }), server.port)
    await page.waitForSelector('#offline', { state: 'hidden' })
    await page.waitForSelector(`#i-${stays.id}[data-state="busy"]`)
    await page.waitForSelector('[data-instance="bar~2~new"]')
    await page.waitForSelector(`[data-id="${gone.id}"]`, { state: 'detached' })
    expect(await page.locator('[data-project="young"]').count()).toBe(1)
    expect(await page.locator('[data-instance]').count()).toBe(2)
  })

  test('a project that vanished while the page was away is taken off', async () => {
    const lab = createLab({ projects: ['foo', 'bar'] })
    const server = await serve(lab, await steadyPort())
    const { page } = await visit(server.url)
    await untilLive(lab, page)
    await server.close()
    lab.service.removeProject('bar')
    await serve(createLab({ instances: lab.service }), server.port)
    await page.waitForSelector('[data-project="bar"]', { state: 'detached' })
    expect(await page.locator('[data-project="foo"]').count()).toBe(1)
  })

  test('recovers when the first connection failed', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page } = await visit('about:blank')
    // As long as it takes to see that: a second try soon follows the first.
    await page.route('**/events*', (route) => route.abort())
    await page.goto(url)
    await page.waitForSelector('#offline:visible')
    await page.unroute('**/events*')
    await untilLive(lab, page)
    await page.waitForSelector('#offline', { state: 'hidden' })
    await lab.service.start({ project: 'foo' }, 'page')
    await page.waitForSelector('[data-instance="foo"]')
    expect(lab.app.streams()).toBe(1)
  })

  test('listens only once it can place what it hears', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page, complaints } = await visit('about:blank')
    let asked = 0
    page.on('request', (request) => (asked += request.url().includes('/events') ? 1 : 0))
    let letGo: ((value: void) => void) | undefined
    await page.route('**/assets/lab.*.js', async (route) => {
      await new Promise<void>((resolve) => (letGo = resolve))
      await route.continue()
    })
    await page.goto(url, { waitUntil: 'commit' })
    await until(() => page.evaluate('Boolean(window.htmx) && document.readyState !== "loading"'), {
      what: 'htmx is there',
    })
    // htmx begins one turn after its script.
    await page.evaluate('new Promise((resolve) => setTimeout(() => setTimeout(resolve)))')
    expect(asked).toBe(0)
    await until(() => letGo, { what: 'the page asks for its script' })
    letGo?.()
    await untilLive(lab, page)
    await lab.service.start({ project: 'foo' }, 'page')
    await page.waitForSelector('[data-instance="foo"]')
    expect(asked).toBe(1)
    expect(complaints).toEqual([])
  })

  for (const script of ['htmx', 'lab'])
    test(`says so when its script ${script} did not arrive, until it is loaded again`, async () => {
      const lab = createLab()
      const { url } = await serve(lab)
      const { page } = await visit('about:blank')
      const address = `**/assets/${script}.*.js`
      await page.route(address, (route) => route.abort('internetdisconnected'))
      await page.goto(url)
      await page.waitForSelector('#bare:visible')
      await page.unroute(address)
      await page.click('#bare a')
      await untilLive(lab, page)
      expect(await page.isVisible('#bare')).toBe(false)
    })

  test('a slow first connection stays the only one', async () => {
    const lab = createLab({ streams: { heartbeatMs: 3_600_000 } })
    const { url } = await serve(lab)
    const { page } = await visit('about:blank')
    await page.clock.install()
    let asked = 0
    let letGo: ((value: void) => void) | undefined
    await page.route('**/events*', async (route) => {
      asked++
      if (asked === 1) await new Promise<void>((resolve) => (letGo = resolve))
      await route.continue()
    })
    await page.goto(url)
    await until(() => asked === 1, { what: 'the page asks for its stream' })
    // The page looks again after 5 s, and gives a connection up after 10.
    await page.clock.runFor(5500)
    letGo?.()
    await untilLive(lab, page)
    await lab.service.start({ project: 'foo' }, 'page')
    await page.waitForSelector('[data-instance="foo"]')
    expect(asked).toBe(1)
  })

  test('a refused stream puts nothing on the page and is tried again', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page } = await visit('about:blank')
    await page.route('**/events*', (route) => route.fulfill({ status: 429, body: '<b>busy</b>' }))
    await page.goto(url)
    await page.waitForSelector('#offline:visible')
    expect(await page.innerHTML('#stream')).toBe('')
    await page.unroute('**/events*')
    await untilLive(lab, page)
  })

  test('a connection that has fallen silent is replaced', async () => {
    const lab = createLab({ streams: { heartbeatMs: 3_600_000 } })
    const { url } = await serve(lab)
    const { page } = await visit('about:blank')
    await page.clock.install()
    await page.goto(url)
    await untilLive(lab, page)
    let again = 0
    page.on('request', (request) => (again += request.url().includes('/events') ? 1 : 0))
    await page.evaluate(`window.heard = 0
      document.addEventListener('htmx:sse:before:message', () => (heard = Date.now()))`)
    lab.service.addProject('young')
    await becomes(page, 'heard > 0')
    // From here on no time passes by itself.
    const heard = Number(await page.evaluate('heard'))
    await page.clock.pauseAt(heard + 20_000)
    await page.clock.runFor(20_000)
    expect(await page.evaluate('Date.now()')).toBe(heard + 40_000)
    expect(again).toBe(0)
    await until(
      async () => {
        await page.clock.runFor(1000)
        return again > 0
      },
      { what: 'the page asks again' },
    )
    expect(Number(await page.evaluate('Date.now()'))).toBeLessThan(heard + 50_000)
  })

  test('an action while lab is down says so beside the button', async () => {
    const lab = createLab()
    const server = await serve(lab)
    const { page } = await visit(server.url)
    await untilLive(lab, page)
    await server.close()
    await page.fill('#start-label', 'kept')
    await page.click('#start .primary')
    await page.waitForSelector('#msg-start:has-text("did not answer")')
    expect(await page.inputValue('#start-label')).toBe('kept')
  })

  test('takes back that lab did not answer as soon as lab is back', async () => {
    const lab = createLab()
    const server = await serve(lab)
    const { page } = await visit(server.url)
    await untilLive(lab, page)
    await server.close()
    await showQuiet(page)
    await page.click('#start-foo button')
    await page.waitForSelector('#msg-foo:has-text("did not answer")')
    const again = createLab()
    await serve(again, server.port)
    await untilLive(again, page)
    await becomes(page, `document.getElementById('msg-foo').textContent === ''`)
    expect(await page.isVisible('#offline')).toBe(false)
  })

  test('says of a phone without a network that it is offline, and of lab nothing', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page } = await visit(url)
    await untilLive(lab, page)
    await page.context().setOffline(true)
    await showQuiet(page)
    await page.click('#start-foo button')
    await page.waitForSelector('#msg-foo:has-text("You are offline. Nothing was sent.")')
    expect(lab.service.asked).toEqual([])
    await page.context().setOffline(false)
  })
})
