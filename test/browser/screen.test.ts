import { expect, test } from 'vitest'
import { createLab } from '../web/lab.ts'
import { until } from '../fixtures/until.ts'
import { describeInBrowser } from './browser.ts'

describeInBrowser('the screen on the page of an instance', ({ serve, visit }) => {
  test('is live while somebody looks, and hostile output stays text in its frame', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'ready' })
    const { url } = await serve(lab)
    const { page, complaints } = await visit(url)
    await page.goto(`${url}/instances/${id}`)
    const screen = page.locator(`#screen-${id}`)
    await until(async () => (await screen.textContent())?.trim() === 'hello', { what: 'the first screen' }) // prettier-ignore
    await until(() => lab.service.looking().includes(id), { what: 'a watched screen' })
    const text = page.getByLabel('Say something')
    await text.fill('half typed')
    lab.service.show({
      columns: 80,
      rows: ['</pre><script>document.title="evil"</script>', '%end 1 2 1', '\x1b[38;2;255;0;0mred\x1b]8;;javascript:alert(1)\x1b\\link', '\u202ereversed'], // prettier-ignore
    })
    await until(async () => (await screen.textContent())?.includes('redlink'), { what: 'the next screen' }) // prettier-ignore
    expect(await screen.textContent()).toContain('</pre><script>')
    expect(await screen.locator('script, a, img').count()).toBe(0)
    expect(await page.title()).not.toContain('evil')
    const red = `getComputedStyle(document.querySelector('#screen-${id} .c196')).color`
    expect(await page.evaluate(red)).toBe('rgb(255, 0, 0)')
    // A screen full of colours, drawn 20 times.
    for (let round = 0; round < 20; round++)
      lab.service.show({
        columns: 200,
        rows: Array.from({ length: 50 }, (_, y) =>
          Array.from({ length: 200 }, (_unused, x) => `\x1b[38;5;${(x + y + round) % 256}m#`).join(
            '',
          ),
        ),
      })
    lab.service.show({ columns: 80, rows: ['the end'] })
    await until(async () => (await screen.textContent())?.trim() === 'the end', { what: 'the last screen' }) // prettier-ignore
    lab.service.change(id, { state: 'busy' })
    await until(async () => (await page.textContent('.pane header'))?.includes('Busy'), { what: 'the state' }) // prettier-ignore
    expect((await screen.textContent())?.trim()).toBe('the end')
    expect(await text.inputValue()).toBe('half typed')
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await page.goto(`${url}/`)
    await until(() => lab.service.looking().length === 0, { what: 'nobody who looks' })
    expect(complaints).toEqual([])
  })

  test('takes a text and keys', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'ready' })
    const { url } = await serve(lab)
    const { page, complaints } = await visit(url)
    await page.goto(`${url}/instances/${id}`)
    const text = page.getByLabel('Say something')
    await text.fill('run the tests')
    await page.getByRole('button', { name: 'Send to foo' }).click()
    await until(async () => (await page.textContent(`#msg-pane-${id}`))?.includes('Sent ✓'), { what: 'the receipt' }) // prettier-ignore
    expect(lab.service.asked).toContain(`send run the tests to ${id} by page`)
    expect(await text.inputValue()).toBe('')
    await page.getByText('Keys', { exact: true }).click()
    await page.getByRole('button', { name: 'Escape' }).click()
    await until(() => lab.service.asked.includes(`press Escape in ${id} by page`), { what: 'the key' }) // prettier-ignore
    expect(complaints).toEqual([])
  })
})
