// An instance's whole life in the hands of its operator: what needs them, why it ended, how it comes back.
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../web/lab.ts'
import { question } from '../fixtures/question.ts'
import { describeInBrowser, follow, isAnswered, look, untilLive } from './browser.ts'

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
  test('leads to its page, also when a filter hides its row', async () => {
    const lab = createLab({ projects: [...Array.from({ length: 12 }, (_, i) => `a${i}`), 'foo'] })
    const { id } = await lab.service.start({ project: 'foo', label: 'fix' }, 'page')
    lab.service.change(id, { state: 'waiting', waitingFor: 'permission prompt' })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.fill('#filter', 'a1')
    expect(await page.isVisible(`#i-${id}`)).toBe(false)
    await page.click(`#n-${id} .look`)
    await page.waitForSelector(`#d-${id}:visible`)
    expect(new URL(page.url()).pathname).toBe(`/instances/${id}`)
    await page.goBack()
    await page.waitForSelector('#needs:visible')
    expect(await page.inputValue('#filter')).toBe('a1')
  })

  test('takes three cards at most, and the rest of them in one line', async () => {
    const lab = createLab({ max: 30 })
    const ids: string[] = []
    for (let i = 0; i < 16; i++)
      ids.push((await lab.service.start({ project: 'foo', label: `n${i}` }, 'page')).id)
    for (const id of ids) lab.service.change(id, { state: 'waiting', question: question({ id }) })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    expect(await page.textContent('.needs .count')).toBe('16 need you')
    expect(await page.textContent('#needs-more summary')).toBe('13 more')
    expect(await page.locator('.need:visible').count()).toBe(3)
    await page.click('#needs-more summary')
    expect(await page.locator('.need:visible').count()).toBe(16)
    lab.service.change(ids[7]!, { state: 'busy', question: null })
    await page.waitForSelector(`#n-${ids[7]}`, { state: 'detached' })
    expect(await page.locator('.need:visible').count()).toBe(15)
  })

  test('has its buttons where they were, whatever the question says', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const lefts = new Set<string>()
    for (const [i, detail] of ['ls', 'x'.repeat(4000), 'a\nb\nc\nd\ne'].entries()) {
      lab.service.change(id, { state: 'waiting', question: question({ id: `q${i}`, detail }) })
      await page.waitForSelector(`[data-question="q${i}"]`)
      lefts.add(
        JSON.stringify(
          await page.evaluate(`[...document.querySelectorAll('.needs .answers > *')].map((one) => {
            const { left, width, height } = one.getBoundingClientRect()
            return [one.textContent.trim(), left, width, height]
          })`),
        ),
      )
      expect((await page.locator('.need').boundingBox())!.height).toBeLessThanOrEqual(160)
    }
    expect(lefts.size).toBe(1)
    expect([...lefts][0]).toMatch(/^\[\["No"/)
  })

  test('keeps an open sheet and typed text while other cards come and go', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo', label: 'a' }, 'page')
    const other = await lab.service.start({ project: 'foo', label: 'b' }, 'page')
    lab.service.change(id, { state: 'waiting', question: question() })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click(`#n-${id} .more`)
    await page.fill(`#why-card-${id}`, 'use make')
    lab.service.die(other.id)
    await page.waitForSelector(`#n-${other.id}`, { state: 'attached' })
    expect(await page.inputValue(`#why-card-${id}`)).toBe('use make')
    expect(await page.isVisible(`#why-card-${id}`)).toBe(true)
  })

  test('is answered from its card, which says so, and takes the next question', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'waiting', question: question() })
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click(`#n-${id} button:has-text("Allow once")`)
    await page.waitForSelector(`#n-${id} .answered:has-text("Allowed")`)
    expect(lab.service.asked.at(-1)).toContain('allow')
    expect(await page.isVisible(`#n-${id} .primary`)).toBe(false)
    lab.service.change(id, { state: 'waiting', question: question({ id: 'q2', detail: 'ls' }) })
    await page.waitForSelector(`#n-${id}[data-question="q2"] .primary:visible`)
    await page.click(`#n-${id} .more`)
    await page.fill(`#why-card-${id}`, 'use make')
    await page.click(`#more-card-${id} button:has-text("No, and tell Claude")`)
    await page.waitForSelector(`#n-${id} .answered:has-text("Denied")`)
    expect(lab.service.asked.at(-1)).toContain('use make')
    expect(complaints).toEqual([])
  })

  test('that was answered elsewhere says so beside the button, and sends nothing', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'waiting', question: question() })
    const { url } = await serve(lab)
    const { page } = await visit('about:blank')
    await page.route('**/events*', (route) => route.abort())
    await page.goto(url)
    lab.service.change(id, { question: question({ id: 'q2', detail: 'ls' }) })
    await page.click(`#n-${id} button:has-text("Allow once")`)
    await page.waitForSelector(`#n-${id}[data-question="q2"]`)
    expect(lab.service.get(id).question?.id).toBe('q2')
  })

  test('asks once more before a command that destroys', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'waiting', question: question({ detail: 'rm -rf dist' }) })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click(`#n-${id} .primary`)
    await page.waitForSelector('text=Really run rm -rf dist?')
    await page.click(`#sure-card-${id} button:has-text("Keep")`)
    await page.waitForSelector(`#sure-card-${id}`, { state: 'hidden' })
    expect(lab.service.asked).toHaveLength(1)
  })

  test('has targets of 44 px and no second direction to scroll in, at every width', async () => {
    const lab = createLab({ max: 8 })
    const ids = [await ended(lab, 'a'), await ended(lab, 'b'), await ended(lab, 'c')]
    offer(lab, ids)
    const waits = await lab.service.start({ project: 'foo', label: 'W'.repeat(60) }, 'page')
    lab.service.change(waits.id, { state: 'waiting', question: question({ detail: 'rm -rf x' }) })
    const lost = await lab.service.start({ project: 'bar' }, 'page')
    lab.service.change(lost.id, { state: 'ready', linkState: 'lost' })
    const asks = await lab.service.start({ project: 'bar' }, 'page')
    const options = ['a'.repeat(80), 'b'].map((label) => ({ label, description: 'c'.repeat(90) }))
    const ask = { text: 'Which one?', header: '', options, isMultiple: true }
    lab.service.change(asks.id, {
      state: 'waiting',
      question: question({ kind: 'question', asks: [ask] }),
    })
    const { url } = await serve(lab)
    for (const width of [195, 320, 390, 1280]) {
      const { page, complaints } = await visit(url, { viewport: { width, height: 844 } })
      for (const button of [
        '.offer .quiet',
        `#n-${waits.id} [popovertarget^="sure"]`,
        `#n-${waits.id} .more`,
        '.bar .more',
      ]) {
        await page.click(button)
        const sheet = `[...document.querySelectorAll('.sheet:popover-open')].at(-1)`
        const inside = await page.evaluate(`(() => {
          const { left, right, top, bottom } = ${sheet}.getBoundingClientRect()
          return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight
        })()`)
        expect(inside).toBe(true)
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        const small =
          await page.evaluate(`[...document.querySelectorAll('a:not(.skip), button, summary, input')]
          .filter((one) => one.checkVisibility({ visibilityProperty: true }))
          .map((one) => (one.matches('.option input') ? one.parentElement : one))
          .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
          .filter(([, box]) => box.width < 44 || box.height < 44)`)
        expect(small).toEqual([])
        await page.keyboard.press('Escape')
      }
      expect(complaints).toEqual([])
    }
  })
})

describeInBrowser('a stop', ({ serve, visit }) => {
  test('of what is at work asks first, and of what is ready does not', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'busy' })
    const { page } = await visit(`${(await serve(lab)).url}/instances/${id}`)
    await untilLive(lab, page)
    await page.click(`#d-${id} .stop`)
    await page.waitForSelector('text=/Busy for \\d+ s\\. Stop it\\?/')
    await page.click(`#sure-stop-${id} button:has-text("Keep")`)
    await page.waitForSelector(`#sure-stop-${id}`, { state: 'hidden' })
    expect(lab.service.asked).toHaveLength(1)
    lab.service.change(id, { state: 'ready' })
    await page.waitForSelector(`#d-${id}[data-state="ready"]`)
    await page.click(`#d-${id} .stop`)
    await page.waitForSelector(`#d-${id}[data-state="stopping"]`)
  })

  test('of all names those at work, as they are now', async () => {
    const lab = createLab()
    const [a] = [await lab.service.start({ project: 'foo', label: 'plan the VPC' }, 'page')]
    await lab.service.start({ project: 'foo', label: 'b' }, 'page')
    lab.service.change(a.id, { state: 'busy' })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.click('.bar .more')
    await page.click('#s > button')
    await page.waitForSelector('text=Stop 2 agents? 1 is busy: plan the VPC.')
    lab.service.change(a.id, { state: 'ready' })
    await page.waitForSelector('#s-sure:not(:has-text("busy"))')
    await page.click('#s .danger')
    await page.waitForSelector('.row[data-state="stopping"]')
  })

  test('can be taken back from the row, which stays for ten seconds and moves nothing', async () => {
    const lab = createLab()
    const ids: string[] = []
    for (const label of ['a', 'b', 'c'])
      ids.push((await lab.service.start({ project: 'foo', label }, 'page')).id)
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.clock.install()
    const before = await topsOf(page, '.card, .row')
    lab.service.swept(ids[1]!)
    await page.waitForSelector(`#i-${ids[1]}[data-state="stopped"]`)
    expect(await topsOf(page, '.card, .row')).toEqual(before)
    await page.focus(`#i-${ids[1]} .resume`)
    await page.keyboard.press('Enter')
    await page.waitForSelector(`#i-${ids[1]}[data-state="starting"]`)
    await page.clock.runFor(20_000)
    expect(await topsOf(page, '.card, .row')).toEqual(before)
    lab.service.swept(ids[1]!)
    await page.waitForSelector(`#i-${ids[1]}[data-state="stopped"]`)
    await page.clock.runFor(10_500)
    await page.waitForSelector(`#i-${ids[1]}`, { state: 'detached' })
    await page.waitForSelector(`#i-${ids[0]}`)
    expect(complaints).toEqual([])
  })
})

describeInBrowser('what ended', ({ serve, visit }) => {
  test('stays in order on the page of its project while more ends', async () => {
    const lab = createLab()
    const first = await ended(lab, 'first')
    const { page } = await visit(`${(await serve(lab)).url}/projects/foo`)
    await untilLive(lab, page)
    const second = await ended(lab, 'second')
    await page.waitForSelector(`[data-ended="${second}"]:visible`)
    const ids = `[...document.querySelectorAll('[data-ended]')].map((one) => one.dataset.ended)`
    expect(await page.evaluate(ids)).toEqual([second, first])
    lab.service.dismiss(second, 'page')
    await page.waitForSelector(`[data-ended="${second}"]`, { state: 'detached' })
  })

  test('keeps its last screen open while it is drawn again', async () => {
    const lab = createLab()
    const id = await ended(lab, 'fix')
    const { page } = await visit(`${(await serve(lab)).url}/instances/${id}`)
    await untilLive(lab, page)
    await page.click(`#l-${id} summary`)
    await page.waitForSelector('text=the last line')
    lab.service.change(id, { left: [{ pid: 1, command: 'make', servesOthers: true }] })
    await page.waitForSelector('text=Still running')
    expect(await page.isVisible('text=the last line')).toBe(true)
  })

  test('is resumed from its own page to the place its row had', async () => {
    const lab = createLab()
    const ids: string[] = []
    for (const label of ['a', 'b', 'c'])
      ids.push((await lab.service.start({ project: 'foo', label }, 'page')).id)
    const { page, complaints } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await look(page, ids[1]!)
    lab.service.die(ids[1]!)
    lab.service.dismissOffer([ids[1]!], 'page')
    await page.waitForSelector(`#i-${ids[1]}`, { state: 'detached' })
    await page.click(`#d-${ids[1]} .resume`)
    await page.waitForSelector(`#list-foo #i-${ids[1]}`, { state: 'attached' })
    const order = `[...document.querySelectorAll('[data-id]')].map((row) => row.dataset.id)`
    expect(await page.evaluate(order)).toEqual(ids)
    expect(complaints).toEqual([])
  })

  test('says beside the button why it cannot come back', async () => {
    const lab = createLab({ max: 1 })
    const id = await ended(lab, 'fix')
    await lab.service.start({ project: 'bar' }, 'page')
    const { page } = await visit(`${(await serve(lab)).url}/instances/${id}`)
    await untilLive(lab, page)
    await page.click(`#d-${id} .resume`)
    await page.waitForSelector(`#msg-pane-${id}:has-text("All 1 of 1 instances are in use")`)
    await isAnswered(page, `#resume-pane-${id}`)
    const bar = lab.service.resolve('bar')
    lab.service.stop(bar, 'page')
    lab.service.swept(bar)
    await page.click(`#d-${id} .resume`)
    await page.waitForSelector(`#d-${id}[data-state="starting"]`)
    expect(await page.textContent(`#msg-pane-${id}`)).toBe('')
  })

  test('of a relaunch is no end to see: nothing moves', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'bar' }, 'page')
    await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'ready', linkState: 'lost' })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.evaluate(`window.heights = new Set()
      const list = document.getElementById('projects')
      new MutationObserver(() => heights.add(list.getBoundingClientRect().height))
        .observe(document.body, { subtree: true, childList: true, attributes: true })`)
    await page.click(`#n-${id} .primary`)
    await page.waitForSelector(`#i-${id}[data-state="starting"]`)
    expect(lab.service.asked.at(-1)).toBe(`resume ${id} by page`)
    expect(await page.evaluate('heights.size')).toBe(1)
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
    await page.waitForSelector(`#list-foo #i-${ids[1]}[data-state="starting"]`)
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
    await page.click('.offer .quiet')
    lab.service.setResumeOffer(null)
    await page.click('#forget button')
    await page.waitForSelector('.offer', { state: 'hidden' })
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
    expect(await page.title()).toBe('(1) lab · box')
    await follow(page, '#resume-all button')
    expect(await page.locator('.row[data-state="starting"]').count()).toBe(2)
    lab.service.setResumeOffer(null)
    await page.goto(new URL(`/instances/${ids[2]}`, page.url()).href)
    await follow(page, `#d-${ids[2]} .resume`)
    expect(new URL(page.url()).pathname).toBe(`/instances/${ids[2]}`)
    lab.service.change(ids[0]!, { state: 'ready', linkState: 'lost' })
    await follow(page, '.back')
    await follow(page, `#n-${ids[0]} .primary`)
    expect(lab.service.asked.at(-1)).toBe(`resume ${ids[0]} by page`)
    lab.service.swept(ids[1]!)
    offer(lab, [ids[1]!])
    await page.reload()
    await page.click('.offer .quiet')
    await follow(page, '#forget button')
    await follow(page, '#p-foo .names')
    expect(await page.locator(`[data-ended="${ids[1]}"]`).count()).toBe(1)
  })
})
