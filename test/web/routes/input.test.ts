import { describe, expect, test } from 'vitest'
import { createLab } from '../lab.ts'

const htmx = { 'hx-request': 'true' }

describe('the screen of an instance', () => {
  test('is painted by the server, and cannot leave its frame', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'ready' })
    lab.service.show({ columns: 80, rows: ['</pre><script>alert(1)</script>', '\x1b[31mred\x1b]8;;javascript:x\x1b\\link'] }) // prettier-ignore
    const html = await (await lab.ask(`/instances/${id}`)).text()
    expect(html).toContain('&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).toContain('<span class="c1">redlink</span>')
    expect(html).not.toContain('javascript:')
  })

  test('is text through the API, as many lines as asked for', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const one = await lab.ask(`/api/v1/instances/${id}/output?lines=1`)
    expect(one.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await one.text()).toBe('hello\n')
    for (const lines of ['0', '5001', 'x', ''])
      expect((await lab.ask(`/api/v1/instances/${id}/output?lines=${lines}`)).status).toBe(400)
  })

  test('leads to what was said before, page by page', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const last = await (await lab.ask(`/instances/${id}/said`)).text()
    expect(last).toMatch(/class="words">done</)
    expect(last).toContain(`/instances/${id}/said?before=7`)
    const first = await (await lab.ask(`/instances/${id}/said?before=7`)).text()
    expect(first).toMatch(/class="words">first</)
    expect(first).not.toContain('Earlier')
  })
})

describe('the form of a text', () => {
  test('sends it, says so, and is empty again', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'ready' })
    const answer = await lab.submit(`/instances/${id}/input`, { text: 'fix it' }, htmx)
    expect(lab.service.asked.at(-1)).toBe(`send fix it to ${id} by page`)
    const html = await answer.text()
    expect([answer.status, html]).toEqual([200, expect.stringContaining('Sent ✓')])
    expect(html).toContain(`hx-target="#say-${id}"`)
  })

  test('leads back to the page without htmx, and shows a refusal there', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'ready' })
    const sent = await lab.submit(`/instances/${id}/input`, { text: 'fix it' })
    expect([sent.status, sent.headers.get('location')]).toEqual([303, `/instances/${id}`])
    lab.service.die(id)
    const late = await lab.submit(`/instances/${id}/input`, { text: 'fix it' })
    expect(late.status).toBe(409)
    expect(await late.text()).toContain('Resume it first.')
  })

  test('presses keys', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.change(id, { state: 'waiting' })
    const answer = await lab.submit(`/instances/${id}/keys`, { keys: 'Escape' }, htmx)
    expect(answer.status).toBe(200)
    expect(lab.service.asked.at(-1)).toBe(`press Escape in ${id} by page`)
  })
})
