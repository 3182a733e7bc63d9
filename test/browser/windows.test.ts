// Many windows of one browser, which opens six connections to one host and no more.
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { createLab } from '../web/lab.ts'
import { until } from '../fixtures/until.ts'
import { becomes, describeInBrowser, showQuiet, untilLive } from './browser.ts'

const surplus = (page: Page): Promise<boolean> => page.isVisible('#surplus')

describeInBrowser('seven windows of one browser', ({ serve, visit }) => {
  test('all load and act; those used last are live, the others say that they are not', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page: first, complaints } = await visit(url)
    await untilLive(lab, first)
    const pages = [first]
    while (pages.length < 7) {
      const page = await first.context().newPage()
      await page.goto(url)
      await page.waitForSelector('html.js')
      pages.push(page)
    }
    await until(async () => (await Promise.all(pages.map(surplus))).filter(Boolean).length === 3, {
      what: 'three windows have let go',
    })
    await until(() => lab.app.streams() === 4, { what: 'four streams' })
    expect(await surplus(pages[6]!)).toBe(false)
    expect(await first.isVisible('#offline')).toBe(false)

    // What is tapped is live at once, and does what the tap says.
    await showQuiet(first)
    await first.click('#start-foo button')
    await first.waitForSelector('#list-foo .row')
    await becomes(first, `document.getElementById('surplus').hidden`)
    const id = lab.service.resolve('foo')
    lab.service.change(id, { state: 'busy' })
    await first.waitForSelector(`#i-${id}[data-state="busy"]`)
    await until(() => lab.app.streams() === 4, { what: 'another has let go' })
    expect(complaints).toEqual([])
  })

  test('a window that is closed makes room for one that had let go', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page: first } = await visit(url)
    await untilLive(lab, first)
    const others: Page[] = []
    for (let i = 0; i < 4; i++) {
      const page = await first.context().newPage()
      await page.goto(url)
      await page.waitForSelector('html.js')
      others.push(page)
    }
    await first.waitForSelector('#surplus:not([hidden])')
    await others[1]!.close({ runBeforeUnload: false })
    await first.waitForSelector('#surplus', { state: 'hidden' })
    await until(() => lab.app.streams() === 4, { what: 'four streams' })
  })
})
