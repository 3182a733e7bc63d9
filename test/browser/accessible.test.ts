// What axe finds on every page and in every state: nothing.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { question } from '../fixtures/question.ts'
import { createLab } from '../web/lab.ts'
import { describeInBrowser, everything, untilLive } from './browser.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules that the page breaks, with the elements. */
async function findings(page: Page): Promise<unknown[]> {
  await page.evaluate(axe)
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html.slice(0, 160), failureSummary])]))`)
}

const ask = {
  text: 'Which database?',
  header: 'Database',
  options: [
    { label: 'Postgres', description: 'as in production' },
    { label: 'SQLite', description: '' },
  ],
  isMultiple: false,
}

describeInBrowser('axe', ({ serve, visit }) => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [390, 1280])
      test(`finds nothing at ${width} px, in ${colorScheme}`, async () => {
        const found: unknown[] = []
        const { lab, ids } = await everything()
        const asks = {
          permission: question({
            detail: 'rm -rf dist',
            choices: [...question().choices, { id: 'x', label: 'Yes, always' }],
          }),
          change: question({
            tool: 'Edit',
            detail: 'a.ts',
            change: { path: 'a.ts', before: 'a', after: 'b' },
          }),
          one: question({ kind: 'question', asks: [ask] }),
          several: question({ kind: 'question', asks: [ask, { ...ask, isMultiple: true }] }),
          plan: question({
            kind: 'plan',
            title: 'has a plan',
            detail: '1. look',
            choices: [{ id: 'a', label: 'Yes' }],
          }),
          closed: question({ kind: 'dialog', answerable: false, detail: 'Trust this folder?' }),
        }
        const made: Record<string, string> = { ...ids }
        const other = createLab({ projects: ['foo'], max: 30 })
        for (const [label, asked] of Object.entries(asks)) {
          const { id } = await other.service.start({ project: 'foo', label }, 'page')
          other.service.change(id, { state: 'waiting', question: asked })
          made[`asks ${label}`] = id
        }
        for (const [it, paths] of [
          [
            lab,
            [
              '/',
              '/?q=foo',
              '/new',
              '/more',
              '/more/phone',
              '/projects/foo',
              ...Object.values(ids).map((id) => `/instances/${id}`),
            ],
          ],
          [
            other,
            ['/', ...Object.keys(asks).map((label) => `/instances/${made[`asks ${label}`]}`)],
          ],
          [createLab(), ['/']],
          [createLab({ projects: [] }), ['/', '/nothing']],
        ] as const) {
          const { url } = await serve(it)
          const { page } = await visit('about:blank', {
            colorScheme,
            viewport: { width, height: 844 },
            bypassCSP: true,
            reducedMotion: 'reduce',
          })
          for (const path of paths) {
            await page.goto(url + path)
            if (path !== '/nothing') await untilLive(it, page)
            await page.evaluate(
              `for (const fold of document.querySelectorAll('details')) fold.open = true`,
            )
            found.push(...(await findings(page)).map((one) => [path, one]))
            for (const opener of await page.locator('[popovertarget]:visible').all()) {
              await opener.click()
              found.push(...(await findings(page)).map((one) => [path, 'sheet', one]))
              await page.keyboard.press('Escape')
            }
          }
        }
        expect(found).toEqual([])
      }, 240_000)
})
