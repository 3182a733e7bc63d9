// What a picky eye would refuse: things that move by themselves, a focus that is lost, letters that
// cannot be told from their ground.
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../web/lab.ts'
import { until } from '../fixtures/until.ts'
import { describeInBrowser, everything, untilLive } from './browser.ts'

const unreadable = {
  code: 'tmux_unavailable',
  message:
    'lab cannot read tmux, so it does not know the state of any instance. lab stops nothing and tries again.',
}
const loggedOut = {
  code: 'not_logged_in',
  message: 'Nobody is logged in.',
  commands: ['claude auth login'],
}

/** A lab with an instance in each of twenty projects. */
async function twenty(): Promise<{ lab: Lab; ids: string[] }> {
  const projects = Array.from({ length: 20 }, (_, i) => `p${String(i).padStart(2, '0')}`)
  const lab = createLab({ projects, max: 30 })
  const ids: string[] = []
  for (const project of projects) ids.push((await lab.service.start({ project }, 'page')).id)
  for (const id of ids) lab.service.change(id, { state: 'ready' })
  return { lab, ids }
}

const topOf = (page: Page, id: string): Promise<unknown> =>
  page.evaluate(`document.getElementById('i-${id}').getBoundingClientRect().top`)

/** One that was stopped, and the offer to bring it back. */
async function offered(lab: Lab): Promise<string> {
  const { id } = await lab.service.start({ project: 'foo', label: 'gone' }, 'page')
  lab.service.swept(id)
  lab.service.setResumeOffer({ reason: 'stopped', instances: [lab.service.get(id)] })
  return id
}

describeInBrowser('while lab cannot read tmux', ({ serve, visit }) => {
  for (const width of [390, 1280])
    test(`nothing moves at ${width} px, neither when that begins nor when it ends`, async () => {
      const { lab, ids } = await twenty()
      const { page } = await visit((await serve(lab)).url, { viewport: { width, height: 844 } })
      await untilLive(lab, page)
      const tops = () =>
        page.evaluate(`[...document.querySelectorAll('.card, .row, .row .open')]
          .map((one) => one.getBoundingClientRect().top)`)
      const before = await tops()
      for (const id of ids) lab.service.change(id, { state: 'unknown' })
      lab.service.setNotices([unreadable])
      await page.waitForSelector('text=lab cannot read tmux')
      await page.waitForSelector('#needs:has-text("lab does not know what needs you.")')
      expect(await tops()).toEqual(before)
      for (const id of ids) lab.service.change(id, { state: 'ready' })
      lab.service.setNotices([])
      await page.waitForSelector('text=lab cannot read tmux', { state: 'detached' })
      await page.waitForSelector('#needs:has-text("Nothing needs you.")')
      expect(await tops()).toEqual(before)
    })

  test('the last of the page can be read, and what has the focus is not covered', async () => {
    const { lab } = await twenty()
    lab.service.setNotices([unreadable])
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const bar = await page.locator('[data-notice="tmux_unavailable"]').boundingBox()
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab')
      const bottom = await page.evaluate(
        `document.activeElement.closest('.foot') ? 0 :
          document.activeElement.getBoundingClientRect().bottom + Number(document.activeElement === document.body) * 1e6`,
      )
      expect(bottom).toBeLessThanOrEqual(bar!.y)
    }
    await page.evaluate('scrollTo(0, document.body.scrollHeight)')
    const last = await page.locator('.row').last().boundingBox()
    expect(last!.y + last!.height).toBeLessThanOrEqual(bar!.y)
  })
})

describeInBrowser('what one looks at', ({ serve, visit }) => {
  // Safari does not do by itself what the others do.
  for (const kind of ['a browser that anchors what is in view', 'one that does not'])
    test(`stays where it is in ${kind}, whatever comes and goes above`, async () => {
      const { lab, ids } = await twenty()
      const { url } = await serve(lab)
      const { page } = await visit('about:blank', { bypassCSP: true })
      if (kind === 'one that does not')
        await page.addInitScript(`{
          const supports = CSS.supports.bind(CSS)
          CSS.supports = (...of) => of[0] !== 'overflow-anchor' && supports(...of)
          addEventListener('DOMContentLoaded', () =>
            document.head.append(Object.assign(document.createElement('style'), {
              textContent: 'html { overflow-anchor: none }' })))
        }`)
      await page.goto(url)
      await untilLive(lab, page)
      const seen = ids[12]!
      await page.evaluate(`document.getElementById('i-${seen}').scrollIntoView()`)
      const before = await topOf(page, seen)
      const isStill = async (): Promise<boolean> =>
        Math.abs(Number(await topOf(page, seen)) - Number(before)) < 1

      lab.service.die(ids[3]!, { lastLines: ['one', 'two', 'three'] })
      await page.waitForSelector(`#n-${ids[3]}`)
      await until(isStill, { what: 'a row above has grown and nothing moved' })
      lab.service.setNotices([loggedOut])
      await page.waitForSelector('.notice')
      await until(isStill, { what: 'a notice came and nothing moved' })
      lab.service.die(ids[5]!)
      lab.service.dismiss(ids[5]!, 'page')
      await page.waitForSelector(`#i-${ids[5]}`, { state: 'detached' })
      await until(isStill, { what: 'a row above went and nothing moved' })
      lab.service.setNotices([])
      await page.waitForSelector('.notice', { state: 'detached' })
      await until(isStill, { what: 'the notice went and nothing moved' })
    })
})

describeInBrowser('the focus', ({ serve, visit }) => {
  const focused = (page: Page) => page.evaluate('document.activeElement.localName')

  test('stays in the page when the offer that had it is dismissed', async () => {
    const lab = createLab()
    await offered(lab)
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.focus('.offer .quiet')
    await page.keyboard.press('Enter')
    await page.focus('#forget button')
    lab.service.setResumeOffer(null)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#back', { state: 'hidden' })
    expect(await focused(page)).toBe('main')
  })

  test('stays in the page when the notice that had it goes', async () => {
    const lab = createLab()
    lab.service.setNotices([loggedOut])
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.focus('.notice [data-copy]')
    lab.service.setNotices([])
    await page.waitForSelector('.notice', { state: 'detached' })
    expect(await focused(page)).toBe('main')
  })
})

// The ground of a text is the nearest one that is painted; all of lab's are opaque.
const contrasts = `(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const light = (colour) => {
    const [r, g, b] = parse(colour).map((v) =>
      v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const groundOf = (one) => {
    const { backgroundColor } = getComputedStyle(one)
    return parse(backgroundColor)[3] === 0 ? groundOf(one.parentElement) : backgroundColor
  }
  return [...document.querySelectorAll('body *')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((one) => {
      const [a, b] = [light(getComputedStyle(one).color), light(groundOf(one))].sort((x, y) => x - y)
      return { what: one.outerHTML.slice(0, 90), contrast: (b + 0.05) / (a + 0.05) }
    })
})()`

describeInBrowser('every letter', ({ serve, visit }) => {
  for (const colorScheme of ['light', 'dark'] as const)
    test(`stands out from its ground, in ${colorScheme}`, async () => {
      const { lab, ids } = await everything()
      await offered(lab)
      lab.service.setNotices([unreadable, loggedOut])
      const { page } = await visit((await serve(lab)).url, { colorScheme })
      await untilLive(lab, page)
      for (const path of [
        '/',
        '/new',
        '/more',
        ...Object.values(ids).map((id) => `/instances/${id}`),
      ]) {
        await page.goto(new URL(path, page.url()).href)
        const all = (await page.evaluate(contrasts)) as { what: string; contrast: number }[]
        expect(all.length).toBeGreaterThan(10)
        expect(all.filter(({ contrast }) => contrast < 4.5)).toEqual([])
      }
    })
})

describeInBrowser('what moves by itself', ({ serve, visit }) => {
  test('is the box of an icon, in steps: the page itself draws nothing for it', async () => {
    const { lab } = await everything()
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const moving = await page.evaluate(`document.getAnimations().map((one) => [
      one.effect.target.localName,
      /^steps/.test(getComputedStyle(one.effect.target).animationTimingFunction),
      [...new Set(one.effect.getKeyframes().flatMap((frame) => Object.keys(frame)))]
        .filter((name) => ['transform', 'opacity', 'translate', 'rotate'].includes(name)).length,
      one.effect.getKeyframes().flatMap((frame) => Object.keys(frame))
        .filter((name) => !['transform', 'opacity', 'offset', 'easing', 'composite', 'computedOffset'].includes(name)),
    ])`)
    expect(moving).toHaveLength(3)
    for (const one of moving as unknown[]) expect(one).toEqual(['svg', true, 1, []])
  })
})

describeInBrowser('the name of a control', ({ serve, visit }) => {
  test('holds what one reads on it, so that it can be said aloud', async () => {
    for (const width of [390, 1280]) {
      const { lab } = await everything()
      lab.service.setResumeOffer(null)
      const { page } = await visit((await serve(lab)).url, { viewport: { width, height: 844 } })
      await untilLive(lab, page)
      const wrong = await page.evaluate(`[...document.querySelectorAll('[aria-label]')]
        .filter((one) => one.matches('a, button, summary'))
        .filter((one) => {
          const words = (text) => text.toLowerCase().replace(/\\s+/g, ' ').trim()
          const seen = [...one.querySelectorAll('.idle')].map((idle) => idle.innerText).join('')
          const read = words(seen || one.innerText)
          return !words(one.getAttribute('aria-label')).includes(read)
        })
        .map((one) => [one.getAttribute('aria-label'), one.innerText])`)
      expect(wrong).toEqual([])
    }
  })
})
