// An instance's whole life as the page and its forms show it: what needs the operator, why it ended, and
// how it comes back.
import { describe, expect, test } from 'vitest'
import type { Instance } from '../../src/core/instance.ts'
import { NotLoggedIn } from '../../src/errors.ts'
import { needsAttention } from '../../src/web/views/instance/attention.tsx'
import { bytesText, byText } from '../../src/web/views/words.ts'
import { createLab, type Lab } from './lab.ts'

const htmx = { 'hx-request': 'true' }
const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()

const pageOf = async (lab: Lab, path = '/'): Promise<string> => (await lab.ask(path)).text()

/** The page of one instance, without the list beside it. */
async function paneOf(lab: Lab, id: string, tab = ''): Promise<string> {
  const html = await pageOf(lab, `/instances/${id}${tab}`)
  return html.slice(html.indexOf(`<article id="d-${id}"`), html.indexOf('class="foot"'))
}

/** The first part of the page that begins and ends so. */
function between(html: string, begin: string, end: string): string {
  const start = html.indexOf(begin)
  return start < 0 ? '' : html.slice(start, html.indexOf(end, start))
}
const rowOf = (html: string, id: string): string => between(html, `id="i-${id}"`, '</li>')
const offerOf = (html: string): string => between(html, '<section id="back"', '</section>')
const plain = (html: string): string => html.replaceAll(/<[^>]*>/g, '')

async function started(lab: Lab, fields: Partial<Instance>, label = ''): Promise<string> {
  const { id } = await lab.service.start({ project: 'foo', label }, 'page')
  lab.service.change(id, fields)
  return id
}

/** One that was stopped. */
async function ended(lab: Lab, label: string, minute: number, project = 'foo'): Promise<string> {
  const { id } = await lab.service.start({ project, label }, 'page')
  lab.service.swept(id, { at: at(minute) })
  return id
}

const one = (id: string, state: Instance['state'], minute: number): Instance =>
  ({ id, state, since: at(minute), evidence: null }) as Instance

describe('the cards of what needs the operator', () => {
  test('has the longest wait first, then the latest death, and nothing that goes well', () => {
    const overdue = { ...one('slow', 'starting', 0), evidence: {} } as Instance
    const list = [
      one('died first', 'error', 1),
      one('ready', 'ready', 0),
      one('waits since 5', 'waiting', 5),
      one('died last', 'error', 3),
      overdue,
      one('waits since 2', 'waiting', 2),
      one('unknown', 'unknown', 0),
      one('starting', 'starting', 0),
    ]
    const ids = needsAttention(list, null).map(({ id }) => id)
    expect(ids).toEqual(['waits since 2', 'waits since 5', 'slow', 'died last', 'died first'])
  })

  test('does not say that nothing needs you while an instance cannot be seen', async () => {
    const lab = createLab()
    const cards = async () => plain(between(await pageOf(lab), '<section id="needs"', '</section>'))
    const unseen = await started(lab, { state: 'unknown' })
    expect(await cards()).toContain('lab does not know what needs you.')
    await started(lab, { state: 'waiting', waitingFor: 'trust' }, 'asks')
    expect(await cards()).toMatch(/1\+ need you.*asks/)
    lab.service.change(unseen, { state: 'ready' })
    expect(await cards()).toMatch(/1 needs you.*asks/)
  })

  test('says what for or why, for how long, of which project, and how many in the title', async () => {
    const lab = createLab({ now: () => Date.parse(at(30)) })
    await started(lab, { state: 'waiting', waitingFor: 'input needed', since: at(18) }, 'fix')
    const dead = await started(lab, {})
    lab.service.die(dead)
    const html = await pageOf(lab)
    const cards = plain(between(html, 'id="needs"', '</section>'))
    expect(cards).toContain('2 need you')
    expect(cards).toContain('fixfoo · 12 minClaude waits for you: input needed.')
    expect(cards).toContain('foofoo · 0 sDied: SIGKILL')
    expect(html).toContain('<title>(2) lab · box</title>')
    expect(await pageOf(createLab())).toContain('<title>lab · box</title>')
  })

  test('are there for a start that takes too long, and for a lost link', async () => {
    const lab = createLab()
    const slow = await started(lab, {}, 'slow')
    lab.service.die(slow, { reason: 'start_failed', message: 'Not ready after 60 s.' })
    const { evidence } = lab.service.get(slow)
    lab.service.change(slow, { state: 'starting', endedAt: null, evidence })
    const lost = await started(lab, { state: 'ready', linkState: 'lost' }, 'lost')
    const html = await pageOf(lab)
    expect(plain(between(html, `id="n-${slow}"`, '</article>'))).toContain('Not ready after 60 s.')
    const card = between(html, `id="n-${lost}"`, '</article>')
    expect(card).toContain(`action="/instances/${lost}/resume?place=card"`)
    expect(plain(card)).toMatch(/A restart cuts off[\s\S]*Restart for a new link/)
    lab.service.change(lost, { state: 'unknown' })
    expect(await pageOf(lab)).not.toContain(`/instances/${lost}/resume`)
  })

  test('say the cause of a death in place of its exit status', async () => {
    const lab = createLab()
    const dead = await started(lab, {})
    lab.service.die(dead, { lastLines: ['Error: connect ECONNREFUSED', '────', '❯ '] })
    expect(plain(between(await pageOf(lab), 'id="needs"', '</section>'))).toContain(
      'Died: Error: connect ECONNREFUSED',
    )
  })
})

describe('the page of an instance', () => {
  test('that waits at a start-up dialog says what to do and how to attach', async () => {
    const lab = createLab()
    const id = await started(lab, { state: 'waiting', waitingFor: 'trust' })
    const pane = plain(await paneOf(lab, id))
    expect(pane).toContain('Claude asks whether it may trust this folder.Answer it in a terminal:')
    expect(pane).toContain('tmux -L lab attach -t &#39;=foo:&#39;')
  })

  test('tells its memory, its folder, its branch and its session', async () => {
    const lab = createLab()
    const workspace = { kind: 'shared', path: '/srv/foo', branch: 'main', moved: null } as const
    const id = await started(lab, { state: 'ready', memoryBytes: 143 * 2 ** 20, workspace })
    expect(plain(await paneOf(lab, id, '/details'))).toMatch(
      /Sessionfoo.*\/srv\/foo.*⎇ main.*143 MB/,
    )
  })

  test('of a start that takes too long shows its screen and can stop it', async () => {
    const lab = createLab()
    const id = await started(lab, {})
    lab.service.die(id, { reason: 'start_failed', message: 'Not ready after 60 s.', signal: null })
    lab.service.change(id, {
      state: 'starting',
      endedAt: null,
      evidence: { ...lab.service.get(id).evidence!, lastLines: ['Loading'] },
    })
    const pane = await paneOf(lab, id)
    expect(plain(pane)).toMatch(/Not ready yet[\s\S]*Not ready after 60 s\.[\s\S]*Loading/)
    expect(pane).toContain(`/instances/${id}/stop?`)
    expect(pane).not.toMatch(/\/(resume|dismiss)\?/)
  })

  test('has the ways on after its end, and its whole last screen', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const lastLines = Array.from({ length: 40 }, (_, i) => `line ${i}`)
    lab.service.swept(id, { reason: 'exited', exitCode: 0, signal: null, by: 'nobody', lastLines })
    const pane = await paneOf(lab, id)
    expect(pane).toContain(`action="/instances/${id}/resume?place=pane"`)
    expect(plain(pane)).toMatch(/Exited[\s\S]*exit status 0[\s\S]*line 0\n[\s\S]*line 39/)
  })

  test('is read when it is opened: what was done there is ready', async () => {
    const lab = createLab()
    const id = await started(lab, { state: 'ready', unread: true })
    expect(rowOf(await pageOf(lab), id)).toMatch(/data-unread[\s\S]*Done/)
    await paneOf(lab, id)
    expect(rowOf(await pageOf(lab), id)).toMatch(/^(?!.*data-unread)[\s\S]*Ready/)
    lab.service.change(id, { unread: true })
    expect((await lab.submit(`/instances/${id}/look`)).status).toBe(204)
    expect(lab.service.get(id).unread).toBe(false)
  })
})

describe('the ended instances of a project', () => {
  test('stand on its page, newest first, at most twenty, each with why and by whom', async () => {
    const lab = createLab()
    for (let i = 0; i < 22; i++) await ended(lab, `n${i}`, i)
    await ended(lab, 'other', 3, 'bar')
    const list = between(await pageOf(lab, '/projects/foo'), '<ul id="ended-foo"', '</ul>')
    const labels = [...list.matchAll(/class="title"><bdi>(\w+)</g)].map(([, label]) => label)
    expect(labels).toEqual(Array.from({ length: 20 }, (_, i) => `n${21 - i}`))
    expect(plain(list)).toContain('Stopped')
    expect(plain(list)).toContain('From the page, SIGTERM')
  })
})

const offered = async (n: number, reason: 'rebooted' | 'stopped' | 'tmux_gone', max = 6) => {
  const lab = createLab({ max })
  const ids: string[] = []
  for (let i = 0; i < n; i++) ids.push(await ended(lab, `n${i}`, i))
  lab.service.setResumeOffer({ reason, instances: ids.map((id) => lab.service.get(id)) })
  return { lab, ids, text: async () => plain(offerOf(await pageOf(lab))) }
}

describe('the offer to come back', () => {
  test('is not there when there is nothing to offer', async () => {
    expect(offerOf(await pageOf(createLab()))).toMatch(/^<section id="back" [^>]*hidden=""\/?>$/)
  })

  test.each([
    ['rebooted', '4 instances were running when the machine went down.'],
    ['tmux_gone', '4 instances were running when their tmux server went away.'],
    ['stopped', '4 instances were stopped together.'],
  ] as const)('after %s says so, with names and what it takes', async (reason, sentence) => {
    const { text } = await offered(4, reason)
    expect(await text()).toContain(sentence)
    expect(await text()).toMatch(/n0 foon1 foon2 foon3 foo/)
    expect(await text()).toContain('Resume all (uses 4 of 6)')
  })

  test('counts what runs already, and says how many fit', async () => {
    const { lab, ids, text } = await offered(3, 'rebooted', 4)
    await lab.service.start({ project: 'bar' }, 'page')
    expect(await text()).toContain('Resume all (then 4 of 4)')
    await lab.service.start({ project: 'bar' }, 'page')
    expect(await text()).toContain('Only 2 of the 3 fit: 2 of 4 are in use.')
    const form = between(offerOf(await pageOf(lab)), 'id="resume-all"', '</form>')
    expect([...form.matchAll(/name="ids" value="([^"]+)"/g)].map(([, id]) => id)).toEqual(
      ids.slice(0, 2),
    )
    await lab.service.start({ project: 'bar' }, 'page')
    await lab.service.start({ project: 'bar' }, 'page')
    expect(await text()).toContain('All 4 of 4 are in use. Stop one first.')
  })

  test('names eight of many', async () => {
    const { text } = await offered(12, 'rebooted', 20)
    expect(await text()).toMatch(/n7 fooand 4 more/)
  })
})

const submitGroup = (lab: Lab, path: string, ids: readonly string[], headers = {}) =>
  lab.ask(path, {
    method: 'POST',
    body: ids.map((id) => `ids=${id}`).join('&'),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      ...headers,
    },
  })

describe('a form', () => {
  test('without htmx resumes and leads to the row', async () => {
    const lab = createLab()
    const id = await ended(lab, 'x', 1)
    const response = await lab.submit(`/instances/${id}/resume`)
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe(`/#i-${id}`)
    expect(lab.service.asked.at(-1)).toBe(`resume ${id} by page`)
  })

  test('that htmx sends to resume answers with the live row', async () => {
    const lab = createLab()
    const id = await ended(lab, 'x', 1)
    const html = await (await lab.submit(`/instances/${id}/resume`, {}, htmx)).text()
    expect(html).toMatch(new RegExp(`hx-target="#list-foo" [^>]*><li id="i-${id}"`))
    expect(html).toContain('data-state="starting"')
  })

  test('that resumes at the cap is refused with the reason, with htmx and without', async () => {
    const lab = createLab({ max: 1 })
    const id = await ended(lab, 'x', 1)
    await lab.service.start({ project: 'foo' }, 'page')
    const partial = await lab.submit(`/instances/${id}/resume`, {}, htmx)
    expect(partial.status).toBe(409)
    expect(await partial.text()).toMatch(/^<p [^>]*>All 1 of 1 instances are in use\./)
    const page = await lab.submit(`/instances/${id}/resume`)
    expect(page.status).toBe(409)
    expect(await page.text()).toMatch(/id="msg" [^>]*><p [^>]*>All 1 of 1 instances are in use\./)
  })

  test('when nobody is logged in offers to resume anyway, and that works', async () => {
    const lab = createLab()
    const ids = [await ended(lab, 'x', 1), await ended(lab, 'y', 2)]
    lab.service.failNext(new NotLoggedIn())
    const partial = await (await lab.submit(`/instances/${ids[0]}/resume`, {}, htmx)).text()
    expect(partial).toContain(`name="force" value="1" form="resume-row-${ids[0]}">Resume anyway`)
    await lab.submit(`/instances/${ids[0]}/resume`, { force: '1' })
    expect(lab.service.asked.at(-1)).toBe(`resume ${ids[0]} forced by page`)

    lab.service.failNext(new NotLoggedIn())
    const group = await (await submitGroup(lab, '/resume', [ids[1]!], htmx)).text()
    expect(group).toContain('name="force" value="1" form="resume-all">Resume anyway')
    await lab.submit('/resume', { ids: ids[1]!, force: '1' })
    expect(lab.service.asked.at(-1)).toBe(`resume ${ids[1]} forced by page`)
  })

  test('resumes several, and says once why the others stayed', async () => {
    const lab = createLab({ max: 1 })
    const ids = [await ended(lab, 'a', 1), await ended(lab, 'b', 2), await ended(lab, 'c', 3)]
    const html = await (await submitGroup(lab, '/resume', ids, htmx)).text()
    expect(html).toContain(`<li id="i-${ids[0]}"`)
    const told = between(html, 'hx-target="#msg" hx-swap="innerHTML"', '</hx-partial>')
    expect(plain(`<${told}`)).toMatch(/^foo~2~b, foo~2~c: All 1 of 1 instances are in use\.[^:]*$/)
    const page = await submitGroup(lab, '/resume', ids.slice(1))
    expect(page.status).toBe(409)
    expect(plain(await page.text())).toContain('foo~2~b, foo~2~c: All 1 of 1')
  })

  test('without htmx resumes or dismisses several and leads back to the page', async () => {
    const lab = createLab()
    const ids = [await ended(lab, 'a', 1), await ended(lab, 'b', 2)]
    const resumed = await submitGroup(lab, '/resume', ids)
    expect(resumed.status).toBe(303)
    expect(resumed.headers.get('location')).toBe('/')
    expect(lab.service.list().map(({ state }) => state)).toEqual(['starting', 'starting'])

    lab.service.swept(ids[0]!)
    // One of them runs meanwhile, one was never there: nobody is asked about those.
    const dismissed = await submitGroup(lab, '/dismiss', [...ids, 'never'])
    expect(dismissed.status).toBe(303)
    expect(lab.service.asked.at(-1)).toBe('dismiss offer of 1 by page')
    expect(lab.service.list({ ended: true }).map(({ id }) => id)).toEqual(ids.toReversed())
  })

  test('of several that names none, or something else, is refused', async () => {
    const lab = createLab()
    expect((await submitGroup(lab, '/resume', [])).status).toBe(400)
    expect((await lab.submit('/dismiss', { ids: 'x', all: '1' })).status).toBe(400)
    expect((await submitGroup(lab, '/resume', ['nope'])).status).toBe(404)
    expect(lab.service.asked).toEqual([])
  })

  test.each(['/resume', '/dismiss'])('reloaded at %s leads back to the page', async (path) => {
    expect((await createLab().ask(path)).headers.get('location')).toBe('/')
  })
})

describe('small words', () => {
  test.each([
    ['page', 'From the page'],
    ['cli', 'From the command line'],
    ['nobody', null],
    ['user:anna', 'By anna'],
    ['token:ci', 'By ci'],
  ] as const)('what %s did happened "%s"', (by, text) => expect(byText(by)).toBe(text))

  test.each([
    [143 * 2 ** 20, '143 MB'],
    [999 * 2 ** 20, '999 MB'],
    [1331 * 2 ** 20, '1.3 GB'],
  ])('%i bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text))

  test('lab tells its own memory', async () => {
    expect(plain(await pageOf(createLab(), '/more'))).toContain('lab 0.1.0 on box · 90 MB')
  })
})
