// Signing in with the thumbs of one hand, on a phone; with and without scripts; and what becomes of a
// page whose sign-in is over.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { createGuarded, password, type Guarded } from '../web/access/guarded.ts'
import { describeInBrowser, showQuiet, untilLive } from './browser.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, maxRetries: 5 })
})

async function guarded(): Promise<Guarded> {
  const folder = mkdtempSync(join(tmpdir(), 'lab-login-'))
  folders.push(folder)
  return createGuarded({ folder, password: true })
}

/** Signs out where the page offers it: behind the three dots of the bar. */
async function signOut(page: Page): Promise<void> {
  await page.click('.bar .more')
  await page.click('#menu [href="/more"]')
  await page.click('.sign-out button >> nth=0')
}

describeInBrowser('signing in', ({ serve, visit }) => {
  for (const colorScheme of ['light', 'dark'] as const)
    test(`works in one try on a phone, in ${colorScheme}`, async () => {
      const lab = await guarded()
      const { page, complaints } = await visit((await serve(lab)).url, {
        colorScheme,
        viewport: { width: 390, height: 844 },
      })
      expect(new URL(page.url()).pathname).toBe('/login')
      // The field has the focus; the word is typed and sent by the keyboard's own key.
      await page.waitForSelector('#password:focus')
      await page.keyboard.type(password)
      await page.keyboard.press('Enter')
      await untilLive(lab, page)
      expect(new URL(page.url()).pathname).toBe('/')
      expect(await page.locator('[data-project]').count()).toBe(2)
      expect(complaints).toEqual([])
    })

  test('has targets for thumbs, and nothing that sticks out', async () => {
    const lab = await guarded()
    const { page } = await visit((await serve(lab)).url)
    const sizes = await page.evaluate(`[...document.querySelectorAll('#password, button')].map(
      (one) => one.getBoundingClientRect().height)`)
    for (const height of sizes as number[]) expect(height).toBeGreaterThanOrEqual(44)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  })

  test('says what was wrong beside the field, which takes the next try', async () => {
    const lab = await guarded()
    const { page } = await visit((await serve(lab)).url + '/?q=foo')
    await page.fill('#password', 'wrong')
    await page.click('.sign-in button')
    await page.waitForSelector('#refused:has-text("That is not the password.")')
    await page.waitForSelector('#password:focus')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await untilLive(lab, page)
    expect(new URL(page.url()).search).toBe('?q=foo')
  })

  test('needs no script, in or out', async () => {
    const lab = await guarded()
    const { page } = await visit((await serve(lab)).url, { javaScriptEnabled: false })
    await page.fill('#password', password)
    await page.click('.sign-in button')
    await page.waitForSelector('[data-project="foo"]', { state: 'attached' })
    await signOut(page)
    await page.waitForSelector('#password')
    await page.goto(new URL('/', page.url()).href)
    expect(new URL(page.url()).pathname).toBe('/login')
  })
})

describeInBrowser('two labs on two ports of one host', ({ serve, visit }) => {
  test('both stay signed in, and a sign-out of one leaves the other', async () => {
    const labs = [await guarded(), await guarded()]
    const urls = await Promise.all(labs.map(async (lab) => (await serve(lab)).url))
    const { page: first } = await visit(urls[0]!)
    const second = await first.context().newPage()
    await second.goto(urls[1]!)
    for (const page of [first, second]) {
      await page.fill('#password', password)
      await page.click('.sign-in button')
      await page.waitForSelector('[data-project="foo"]', { state: 'attached' })
    }
    for (const page of [first, second]) {
      await page.reload()
      expect(new URL(page.url()).pathname).toBe('/')
    }
    await untilLive(labs[1]!, second)
    await signOut(first)
    await first.waitForSelector('#password')
    await showQuiet(second)
    await second.click('#start-foo button')
    await second.waitForSelector('[data-instance="foo"]')
    await second.reload()
    expect(new URL(second.url()).pathname).toBe('/')
    await first.goto(urls[0]!)
    expect(new URL(first.url()).pathname).toBe('/login')
  })
})

describeInBrowser('a page whose sign-in is over', ({ serve, visit }) => {
  test('is led to the login page when the password changes, and comes back from there', async () => {
    const lab = await guarded()
    const { page } = await visit((await serve(lab)).url + '/?q=foo')
    await page.fill('#password', password)
    await page.click('.sign-in button')
    await untilLive(lab, page)
    lab.rewrite('password', 'another')
    await page.waitForURL('**/login?next=*')
    await page.fill('#password', 'another')
    await page.click('.sign-in button')
    await untilLive(lab, page)
    expect(new URL(page.url()).search).toBe('?q=foo')
  })

  test('starts nothing by a tap, and shows no login page inside a card', async () => {
    const lab = await guarded()
    const { page } = await visit((await serve(lab)).url)
    await page.fill('#password', password)
    await page.click('.sign-in button')
    await untilLive(lab, page)
    await showQuiet(page)
    // Signed out in another tab, while this one could not hear of it.
    await page.context().clearCookies()
    await page.click('#start-foo button')
    await page.waitForURL('**/login?next=*')
    expect(lab.service.asked).toEqual([])
    expect(await page.locator('[data-project]').count()).toBe(0)
  })

  test('in another tab signs out with this one', async () => {
    const lab = await guarded()
    const { page } = await visit((await serve(lab)).url)
    await page.fill('#password', password)
    await page.click('.sign-in button')
    await untilLive(lab, page)
    const other = await page.context().newPage()
    await other.goto(page.url())
    await untilLive(lab, other, 2)
    await signOut(page)
    await page.waitForSelector('#password')
    await other.waitForURL('**/login?next=*')
    expect(lab.app.streams()).toBe(0)
  })
})
