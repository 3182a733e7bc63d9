// An instance's whole life in the hands of its operator: what needs them, why it ended, how it comes back.
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import type { Instance } from '../../src/core/instance.ts'
import { createLab, type Lab } from '../web/lab.ts'
import { becomes, describeInBrowser, follow, isAnswered, untilLive } from './browser.ts'

/** Where everything is, on the page and not in the window. */
async function topsOf(page: Page, selector: string): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})]
    .map((one) => [one.id, one.getBoundingClientRect().top + scrollY])`)
}

async function ended(lab: Lab, label: string): Promise<string> {
  const { id } = await lab.service.start({ project: 'foo', label }, 'page')
  lab.service.swept(id, { lastLines: ['the last line'] })
  return id
}

function offer(lab: Lab, ids: readonly string[]): void {
  lab.service.setResumeOffer({
    reason: 'rebooted',
    instances: ids.map((id) => lab.service.get(id)),
  })
}

describeInBrowser('what needs the operator', ({ serve, visit }) => {
  test('leads to its row, also when a filter hides it', async () => {
    const lab = createLab({ projects: [...Array.from({ length: 12 }, (_, i) => `a${i}`), 'foo'] })
    const { id } = await lab.service.start({ project: 'foo', label: 'fix' }, 'page')
    lab.service.change(id, { state: 'waiting', waitingFor: 'permission prompt' })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.fill('#filter', 'a1')
    expect(await page.isVisible(`#i-${id}`)).toBe(false)
    await page.click('.needs a')
    await page.waitForSelector(`#i-${id}:visible`)
    // The page is where its link leads to from the next frame on.
    const isSeen = `(() => {
      const { top, bottom } = document.getElementById('i-${id}').getBoundingClientRect()
      return top >= document.querySelector('.top').offsetHeight && bottom <= innerHeight
    })()`
    await becomes(page, isSeen)
    // And again, after one has looked elsewhere.
    await page.evaluate('scrollTo(0, 0)')
    expect(await page.evaluate(isSeen)).toBe(false)
    await page.click('.needs a')
    await becomes(page, isSeen)
  })

  test('comes and goes without moving a row, however much it is', async () => {
    const lab = createLab({ max: 9 })
    const ids: string[] = []
    for (const label of ['a', 'b', 'c', 'd'])
      ids.push((await lab.service.start({ project: 'foo', label }, 'page')).id)
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const before = await topsOf(page, '.card, .row')
    const change = (fields: Partial<Instance>) =>
      ids.forEach((id) => lab.service.change(id, fields))
    change({ state: 'waiting', waitingFor: 'a text that is far too long for a line of a phone' })
    await page.waitForSelector('.needs[data-count="4"]')
    const isSeen = `[...document.querySelectorAll('.for')].map((one) =>
      one.getBoundingClientRect().top < one.parentElement.getBoundingClientRect().bottom - 8)`
    expect(await page.evaluate(isSeen)).toEqual([true, true, true, true])
    expect(await topsOf(page, '.card, .row')).toEqual(before)
    change({ state: 'ready', waitingFor: null, background: true, memoryBytes: 2 ** 30 })
    await page.waitForSelector('.needs[data-count="0"]')
    expect(await topsOf(page, '.card, .row')).toEqual(before)
    expect(await page.textContent('.needs')).toContain('Nothing needs you.')
    change({ linkState: 'lost' })
    await page.waitForSelector('.lost')
    change({ state: 'unknown' })
    await page.waitForSelector('[data-state="unknown"]')
    expect(await topsOf(page, '.card, .row')).toEqual(before)
  })

  test('has targets of 44 px and no second direction to scroll in, at every width', async () => {
    const lab = createLab({ max: 4 })
    const ids = [await ended(lab, 'a'), await ended(lab, 'b'), await ended(lab, 'c')]
    offer(lab, ids)
    const waits = await lab.service.start({ project: 'foo', label: 'W'.repeat(60) }, 'page')
    lab.service.change(waits.id, { state: 'waiting', waitingFor: 'trust' })
    const lost = await lab.service.start({ project: 'bar' }, 'page')
    lab.service.change(lost.id, { state: 'ready', linkState: 'lost' })
    const { url } = await serve(lab)
    for (const width of [320, 390, 1280]) {
      const { page, complaints } = await visit(url, { viewport: { width, height: 844 } })
      await page.click('#e-foo > summary')
      await page.click(`#l-${ids[0]} summary`)
      for (const menu of ['#forget', `#a-${waits.id}`, `#r-${lost.id}`]) {
        await page.click(`${menu} > summary`)
        await page.waitForSelector(`${menu} .panel:visible`)
        const inside = await page.evaluate(`(() => {
          const { left, right } = document.querySelector('${menu} .panel').getBoundingClientRect()
          return left >= 0 && right <= innerWidth
        })()`)
        expect(inside).toBe(true)
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        const small =
          await page.evaluate(`[...document.querySelectorAll('a, button, summary, input')]
          .filter((one) => one.checkVisibility({ visibilityProperty: true }))
          .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
          .filter(([, box]) => box.width < 44 || box.height < 44)`)
        expect(small).toEqual([])
      }
      expect(complaints).toEqual([])
    }
  })
})

describeInBrowser('what ended', ({ serve, visit }) => {
  test('stays open and in order while more ends, and keeps its count', async () => {
    const lab = createLab()
    const first = await ended(lab, 'first')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click('#e-foo > summary')
    await page.click(`#l-${first} summary`)
    const second = await ended(lab, 'second')
    await page.waitForSelector(`[data-ended="${second}"]:visible`)
    const ids = `[...document.querySelectorAll('[data-ended]')].map((one) => one.dataset.ended)`
    expect(await page.evaluate(ids)).toEqual([second, first])
    expect(await page.textContent('#e-foo .count')).toBe('2')
    expect(await page.isVisible(`#l-${first} pre`)).toBe(true)
    lab.service.dismiss(second, 'page')
    lab.service.dismiss(first, 'page')
    await page.waitForSelector('#e-foo', { state: 'hidden' })
  })

  test('is resumed to the place its row had, and the focus goes with it', async () => {
    const lab = createLab()
    const ids: string[] = []
    for (const label of ['a', 'b', 'c'])
      ids.push((await lab.service.start({ project: 'foo', label }, 'page')).id)
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    lab.service.swept(ids[1]!)
    await page.click('#e-foo > summary')
    await page.focus(`#i-${ids[1]} .resume`)
    await page.keyboard.press('Enter')
    await page.waitForSelector(`#list-foo #i-${ids[1]}`)
    const order = `[...document.querySelectorAll('[data-id]')].map((row) => row.dataset.id)`
    expect(await page.evaluate(order)).toEqual(ids)
    expect(await page.evaluate('document.activeElement.id')).toBe(`i-${ids[1]}`)
    expect(complaints).toEqual([])
  })

  test('says beside the button why it cannot come back', async () => {
    const lab = createLab({ max: 1 })
    const id = await ended(lab, 'fix')
    await lab.service.start({ project: 'bar' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click('#e-foo > summary')
    await page.click(`#i-${id} .resume`)
    await page.waitForSelector(`#i-${id} .message:has-text("All 1 of 1 instances are in use")`)
    await isAnswered(page, `#resume-${id}`)
    lab.service.stop(lab.service.resolve('bar'), 'page')
    lab.service.swept(lab.service.resolve('bar'))
    await page.click(`#i-${id} .resume`)
    await page.waitForSelector(`#list-foo #i-${id}`)
    expect(await page.textContent('#msg-foo')).toBe('')
  })

  test('of a relaunch is no end to see: nothing moves', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    await lab.service.start({ project: 'bar' }, 'page')
    lab.service.change(id, { state: 'ready', linkState: 'lost' })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.evaluate(`window.tops = new Set()
      const card = document.getElementById('p-bar')
      new MutationObserver(() => tops.add(card.getBoundingClientRect().top))
        .observe(document.body, { subtree: true, childList: true, attributes: true })`)
    await page.click(`#r-${id} > summary`)
    await page.click(`#r-${id} .primary`)
    await page.waitForSelector(`#i-${id}[data-state="starting"]`)
    expect(lab.service.asked.at(-1)).toBe(`resume ${id} by page`)
    expect(await page.evaluate('tops.size')).toBe(1)
  })
})

describeInBrowser('the offer to come back', ({ serve, visit }) => {
  test('brings back all that fit with one tap, and says what did not', async () => {
    const lab = createLab({ max: 2 })
    const ids = [await ended(lab, 'a'), await ended(lab, 'b'), await ended(lab, 'c')]
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    offer(lab, ids)
    lab.service.change(ids[0]!, {})
    await page.waitForSelector('.offer:has-text("3 instances were running")')
    await page.waitForSelector('.offer:has-text("Only 2 of the 3 fit")')
    const resumeAll = lab.service.resumeAll.bind(lab.service)
    lab.service.resumeAll = (asked, by) => {
      offer(lab, [ids[2]!])
      return resumeAll(asked, by)
    }
    await page.click('#resume-all button')
    await page.waitForSelector(`#list-foo #i-${ids[1]}`)
    await page.waitForSelector('.offer:has-text("1 instance was running")')
    await page.waitForSelector('.offer:has-text("All 2 of 2 are in use")')
    await isAnswered(page, '#resume-all')
    await page.click('#resume-all button')
    await page.waitForSelector('#msg:has-text("All 2 of 2 instances are in use")')
    expect(complaints.filter((one) => !one.includes('status of 409'))).toEqual([])
  })

  test('is dismissed after a question, and what it named stays among the ended ones', async () => {
    const lab = createLab()
    const ids = [await ended(lab, 'a'), await ended(lab, 'b')]
    offer(lab, ids)
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click('#forget > summary')
    lab.service.setResumeOffer(null)
    await page.click('#forget form button')
    await page.waitForSelector('.offer', { state: 'hidden' })
    await page.waitForSelector(`[data-ended="${ids[1]}"]`, { state: 'attached' })
    const remaining = lab.service.list({ ended: true }).map(({ id }) => id)
    expect(remaining.toSorted()).toEqual(ids.toSorted())
    expect(complaints).toEqual([])
  })
})

describeInBrowser('coming back without JavaScript', ({ serve, visit }) => {
  test('works for one, for several, and for a lost link', async () => {
    const lab = createLab({ max: 3 })
    const ids = [await ended(lab, 'a'), await ended(lab, 'b'), await ended(lab, 'c')]
    offer(lab, ids.slice(0, 2))
    const { page } = await visit((await serve(lab)).url, { javaScriptEnabled: false })
    expect(await page.title()).toBe('(1) lab')
    await follow(page, '#resume-all button')
    expect(await page.locator('[data-state="starting"]').count()).toBe(2)
    lab.service.setResumeOffer(null)
    await page.click('#e-foo > summary')
    await follow(page, `#i-${ids[2]} .resume`)
    expect(new URL(page.url()).hash).toBe(`#i-${ids[2]}`)
    lab.service.change(ids[0]!, { state: 'ready', linkState: 'lost' })
    await page.reload()
    await page.click(`#r-${ids[0]} > summary`)
    await follow(page, `#r-${ids[0]} .primary`)
    expect(lab.service.asked.at(-1)).toBe(`resume ${ids[0]} by page`)
    lab.service.swept(ids[1]!)
    offer(lab, [ids[1]!])
    await page.reload()
    await page.click('#forget > summary')
    await follow(page, '#forget form button')
    expect(await page.locator(`[data-ended="${ids[1]}"]`).count()).toBe(1)
  })
})
