// How much room and work the page takes: heights on a phone, bytes, the time to paint, what moves.
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../web/lab.ts'
import { becomes, describeInBrowser, untilLive } from './browser.ts'

/** A lab with so many instances, spread over so many projects. */
async function crowd(instances: number, projects: number): Promise<{ lab: Lab; ids: string[] }> {
  const keys = Array.from({ length: projects }, (_, i) => `project-${String(i).padStart(2, '0')}`)
  const lab = createLab({ projects: keys, max: 60 })
  const ids: string[] = []
  for (let i = 0; i < instances; i++) {
    const label = `fix the checkout total ${i}`
    const { id } = await lab.service.start({ project: keys[i % projects]!, label }, 'page')
    const deepLink = `https://claude.ai/code/session_${i}`
    lab.service.change(id, {
      state: 'ready',
      linkState: 'linked',
      deepLink,
      doing: 'Edit src/cart/total.ts',
    })
    ids.push(id)
  }
  return { lab, ids }
}

const heightOf = (page: Page, selector: string): Promise<number> =>
  page.evaluate(
    `document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect().height`,
  )

describeInBrowser('the list on a phone', ({ serve, visit }) => {
  for (const [instances, projects, max] of [
    [12, 5, 1200],
    [60, 40, 4500],
  ] as const)
    test(`with ${instances} agents in ${projects} projects is under ${max} px high`, async () => {
      const { lab } = await crowd(instances, projects)
      const { page } = await visit((await serve(lab)).url)
      await untilLive(lab, page)
      expect(await page.locator('.row:visible').count()).toBe(instances)
      expect(await page.evaluate('document.documentElement.scrollHeight')).toBeLessThan(max)
      expect(await heightOf(page, '.row')).toBe(62)
      expect(await heightOf(page, '.card > header:has(~ .rows > .row + .row)')).toBe(44)
      expect(await heightOf(page, '.bar')).toBe(51)
      expect(await heightOf(page, '.foot')).toBe(64)
    })

  test('takes one line for all projects without agents', async () => {
    const { lab } = await crowd(2, 2)
    for (let i = 0; i < 17; i++) lab.service.addProject(`quiet-${i}`)
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    expect(await page.textContent('#quiet summary')).toBe('17 quiet projects')
    expect(await heightOf(page, '#quiet')).toBe(44)
    expect(await page.locator('.card:visible').count()).toBe(2)
    await page.click('#quiet summary')
    expect(await page.locator('.card:visible').count()).toBe(19)
  })

  test('is under 60 kB on the way with 60 rows', async () => {
    const { lab } = await crowd(60, 40)
    const bytes = gzipSync(await (await lab.ask('/')).text()).length
    expect(bytes).toBeLessThan(60_000)
  })
})

/** The share of the main thread that the page uses while nothing happens but its own movement. */
async function loadOf(page: Page, ms: number): Promise<number> {
  const client = await page.context().newCDPSession(page)
  await client.send('Performance.enable')
  const spent = async (): Promise<{ task: number; at: number }> => {
    const { metrics } = await client.send('Performance.getMetrics')
    const value = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0
    return { task: value('TaskDuration'), at: value('Timestamp') }
  }
  const from = await spent()
  await page.evaluate(`new Promise((resolve) => setTimeout(resolve, ${ms}))`)
  const to = await spent()
  return (to.task - from.task) / (to.at - from.at)
}

describeInBrowser('the work of the page', ({ serve, visit }) => {
  test('for a changed row with sixty rows is done within 100 ms on a CPU four times slower', async () => {
    const { lab, ids } = await crowd(60, 40)
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    const client = await page.context().newCDPSession(page)
    await client.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    await page.evaluate(`{
      window.took = []
      let from = 0
      document.addEventListener('htmx:sse:before:message', () => (from = performance.now()))
      document.addEventListener('htmx:sse:after:message', () => requestAnimationFrame(() => {
        const channel = new MessageChannel()
        channel.port1.onmessage = () => took.push(performance.now() - from)
        channel.port2.postMessage(0)
      }))
    }`)
    for (let i = 0; i < 30; i++) {
      lab.service.change(ids[i * 2]!, { state: i % 2 === 0 ? 'busy' : 'starting' })
      await becomes(page, `took.length === ${i + 1}`)
    }
    // The smallest: other processes of this machine can only add to it.
    expect(await page.evaluate('Math.min(...took)')).toBeLessThan(100)
  })

  test('for 24 busy rows is under 3 % of the main thread', async () => {
    const { lab, ids } = await crowd(24, 8)
    for (const id of ids) lab.service.change(id, { state: 'busy' })
    const { page } = await visit((await serve(lab)).url)
    await untilLive(lab, page)
    await page.waitForSelector('.row[data-state="busy"]')
    const loads: number[] = []
    for (let i = 0; i < 3; i++) loads.push(await loadOf(page, 2000))
    expect(Math.min(...loads)).toBeLessThan(0.03)
  })
})
