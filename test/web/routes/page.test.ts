import { describe, expect, test } from 'vitest'
import type { Question } from '../../../src/core/question.ts'
import { AtCapacity, NotLoggedIn } from '../../../src/errors.ts'
import { ageText } from '../../../src/web/views/render-context.ts'
import { createLab, host, type Lab } from '../lab.ts'

const htmx = { 'hx-request': 'true' }

async function pageOf(lab: Lab, path = '/'): Promise<string> {
  return (await lab.ask(path)).text()
}

/** The text of one element and what is in it, up to the next of its kind. */
function rowOf(html: string, id: string): string {
  const start = html.indexOf(`id="i-${id}"`)
  return start < 0 ? '' : html.slice(start, html.indexOf('</li>', start))
}

const hostileQuestion = (text: string): Question => ({
  id: text,
  kind: 'permission',
  tool: text,
  title: text,
  detail: text,
  change: { path: text, before: text, after: text },
  choices: [
    { id: 'allow', label: text },
    { id: 'deny', label: text },
    { id: text, label: text },
  ],
  asks: [],
  answerable: true,
  since: '2026-01-01T00:00:00.000Z',
})

describe('the page', () => {
  test('shows projects as cards and instances as rows, by the agreed names', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo', label: 'fix it' }, 'page')
    const html = await pageOf(lab)
    expect(html).toContain('data-project="foo"')
    expect(html).toContain('data-project="bar"')
    expect(html).toMatch(
      new RegExp(
        `<li id="i-${id}"[^>]* data-instance="foo~2~fix-it" data-id="${id}" data-state="starting"`,
      ),
    )
    expect(html).toMatch(/<b>1<\/b> of <b>6<\/b>/)
  })

  test('says each link state in words, and links only to claude.ai', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const row = async (): Promise<string> => rowOf(await pageOf(lab), id)
    expect(await row()).toContain('link not there yet')
    expect(await pageOf(lab, `/instances/${id}`)).toContain('Getting its link…')
    lab.service.change(id, { linkState: 'linked', deepLink: 'https://claude.ai/code/session_1' })
    expect(await row()).toMatch(
      /href="https:\/\/claude.ai\/code\/session_1" target="_blank" rel="noopener noreferrer"/,
    )
    lab.service.change(id, { linkState: 'unavailable', deepLink: null })
    expect(await row()).toMatch(
      /no link: find it in claude.ai[\s\S]*href="https:\/\/claude.ai\/code"/,
    )
    lab.service.change(id, { linkState: 'lost', state: 'ready' })
    expect(await row()).toContain('link lost')
    for (const path of ['/', `/instances/${id}`])
      expect(await pageOf(lab, path)).toContain('Restart for a new link')
    lab.service.change(id, { linkState: 'linked', deepLink: 'javascript:alert(1)' })
    expect(await row()).not.toContain('javascript:')
  })

  test('says the cause of a death in its row and on a card, with the ways on', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.die(id, { message: 'It fell over.', lastLines: ['one', '', 'two', '────'] })
    const html = await pageOf(lab)
    expect(rowOf(html, id)).toContain('data-state="error"')
    expect(rowOf(html, id)).toMatch(/Died[\s\S]* · two/)
    const card = html.slice(html.indexOf(`id="n-${id}"`), html.indexOf('</article>'))
    expect(card).toContain('<code>two</code>')
    for (const verb of ['dismiss', 'resume'])
      expect(card).toContain(`action="/instances/${id}/${verb}?place=card"`)
    const own = await pageOf(lab, `/instances/${id}`)
    expect(own).toMatch(/It fell over\.[\s\S]*SIGKILL[\s\S]*one\n\ntwo/)
    expect(own).not.toContain(`/instances/${id}/stop`)
  })

  test('keeps the row of a stop for ten seconds, and then lists it on the page of its project', async () => {
    let passed = 0
    const lab = createLab({ now: () => 1e12 + passed })
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.stop(id, 'page')
    lab.service.swept(id)
    passed = 9999
    expect(rowOf(await pageOf(lab), id)).toMatch(/data-state="stopped"[\s\S]*resume\?place=row/)
    passed = 10_000
    expect(await pageOf(lab)).not.toContain('data-instance')
    expect(await pageOf(lab, '/projects/foo')).toContain(`data-ended="${id}"`)
  })

  test('tells no age of what it does not know', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const status = async () => /<span class="status">.*<\/a>/.exec(rowOf(await pageOf(lab), id))![0]
    expect(await status()).toContain('data-age')
    lab.service.change(id, { state: 'unknown' })
    expect(await status()).toContain('Unknown')
    expect(await status()).not.toContain('data-age')
  })

  test('keeps a label of any script apart from the words around it', async () => {
    const lab = createLab()
    const label = 'תיקון (fix)'
    const { id } = await lab.service.start({ project: 'foo', label }, 'page')
    lab.service.change(id, { state: 'waiting' })
    const ended = await lab.service.start({ project: 'foo', label }, 'page')
    lab.service.swept(ended.id)
    lab.service.setResumeOffer({ reason: 'stopped', instances: [lab.service.get(ended.id)] })
    const html = (await pageOf(lab)) + (await pageOf(lab, '/projects/foo')).split('id="detail"')[1]
    const shown = html.replaceAll(/ aria-label="[^"]*"/g, '')
    // The card, both rows, the offer, and among the ended ones of the project.
    expect(shown.split(`<bdi>${label}</bdi>`)).toHaveLength(6)
    expect(shown.split(label)).toHaveLength(6)
  })

  test('lists what needs the operator on top', async () => {
    const lab = createLab()
    expect(await pageOf(lab)).toContain('Nothing needs you.')
    const { id } = await lab.service.start({ project: 'foo', label: 'ask me' }, 'page')
    lab.service.change(id, { state: 'waiting', waitingFor: 'permission prompt' })
    const html = await pageOf(lab)
    const cards = html.slice(html.indexOf('id="needs"'), html.indexOf('</article>'))
    expect(cards).toMatch(/ask me[\s\S]*permission prompt/)
    expect(cards).toContain(`href="/instances/${id}"`)
  })

  test('cannot be made to run what people and agents write', async () => {
    const hostile = `"'><img src=x onerror=alert(1)><script>alert(2)</script>&lt;<hx-partial>`
    const lab = createLab({ root: '/srv/<i>projects' })
    lab.service.addProject('evil', `/srv/<i>projects/${hostile}`)
    const { id } = await lab.service.start({ project: 'evil', label: hostile.slice(0, 60) }, 'page')
    lab.service.change(id, { state: 'waiting', waitingFor: hostile, model: hostile })
    const dead = await lab.service.start({ project: 'evil' }, 'page')
    lab.service.die(dead.id, { message: hostile, lastLines: [hostile, '</pre>'], signal: hostile })
    lab.service.setNotices([{ code: hostile, message: `${hostile}\`${hostile}` }])
    lab.service.setForeign([{ name: hostile, attached: 0, createdAt: hostile }])
    const asking = await lab.service.start({ project: 'evil' }, 'page')
    lab.service.change(asking.id, {
      state: 'waiting',
      doing: hostile,
      question: hostileQuestion(hostile),
    })
    for (const path of [
      `/?q=${encodeURIComponent(hostile)}`,
      ...[id, dead.id, asking.id].map((one) => `/instances/${one}`),
      '/projects/evil',
      '/new?project=evil',
    ]) {
      const html = await pageOf(lab, path)
      expect(html).toContain('&lt;script&gt;')
      expect(html).not.toMatch(/<img|<i>|<\/pre>'|<hx-partial/)
      expect(html.match(/<script/g)).toHaveLength(3)
      expect(html.match(/<script(?! src="\/assets\/)/)).toBeNull()
      // No tag has an attribute that begins with "on", a style, or a javascript: address.
      const tags = html.replaceAll(/="[^"]*"/g, '=')
      expect(tags).not.toMatch(/<[a-z][^<>]*\s(on\w+|style)=/)
      expect(html).not.toMatch(/(href|action|src)="(?!\/|#|https:\/\/claude\.ai\/)/)
    }
  })

  test('without repositories says where they go and what to type', async () => {
    const html = await pageOf(createLab({ projects: [], root: '/home/x/projects' }))
    expect(html).toMatch(/git clone \S+ \/home\/x\/projects\/NAME/)
  })

  test('without claude says what to type', async () => {
    const lab = createLab()
    lab.service.setNotices([
      {
        code: 'claude_missing',
        message: 'No claude. Name it with `--claude PATH`.',
        commands: ['npm install claude'],
      },
    ])
    const html = await pageOf(lab)
    expect(html).toContain('<code>--claude PATH</code>')
    expect(html).toContain('<code>npm install claude</code>')
  })

  test('says on a page of its own with which directories and programs lab runs, and where', async () => {
    const html = await pageOf(createLab(), '/more')
    const foot = html.slice(html.indexOf('id="d-more"'))
    expect(foot).toContain('lab 0.1.0 on box')
    for (const place of ['/srv/projects', '/srv/state', '/usr/bin/claude', '/home/ann/.claude'])
      expect(foot).toContain(`<code>${place}</code>`)
    for (const name of ['GH_TOKEN', 'DOCKER_HOST', 'TYPO'])
      expect(foot).toContain(`<code>${name}</code>`)
  })

  test('has lab look again for projects and at the login, as the list of projects does, and no other answer', async () => {
    const { service, ask } = createLab()
    await ask('/')
    expect(service.refreshes()).toBe(1)
    await ask('/api/v1/projects')
    expect(service.refreshes()).toBe(2)
    for (const path of ['/api/v1/instances', '/api/v1/server', '/healthz', '/readyz'])
      await ask(path)
    expect(service.refreshes()).toBe(2)
  })

  test('keeps a live instance whose project has gone', async () => {
    const lab = createLab()
    await lab.service.start({ project: 'foo' }, 'page')
    const { id } = lab.service.get(lab.service.resolve('foo'))
    lab.service.removeProject('foo')
    const html = await pageOf(lab)
    expect(html).toContain('data-project="foo"')
    expect(rowOf(html, id)).toContain('data-instance="foo"')
  })

  test('stands foreign sessions apart, without buttons', async () => {
    const lab = createLab()
    lab.service.setForeign([{ name: 'irssi', attached: 2, createdAt: '2026-01-01T00:00:00.000Z' }])
    const html = await pageOf(lab)
    const section = html.slice(
      html.indexOf('id="foreign"'),
      html.indexOf('</section>', html.indexOf('id="foreign"')),
    )
    expect(section).toContain('irssi')
    expect(section).not.toMatch(/<button|<form|<a /)
  })

  test('says that it stands still where scripts are off, and what a dead button means behind a proxy', async () => {
    const proxied = createLab({
      proxies: { networks: ['10.0.0.1/32'], userHeader: null },
    })
    const { app } = proxied
    const socket = { remoteAddress: '10.0.0.1', localAddress: '10.0.0.2' }
    const html = await app.request('/', { headers: { host } }, { incoming: { socket, url: '/' } })
    const note = /<noscript>([^]*?)<\/noscript>/
    expect(note.exec(await html.text())?.[1]).toContain('your sign-on has ended')
    expect(note.exec(await pageOf(proxied))?.[1]).not.toContain('sign-on')
    expect(note.exec(await pageOf(proxied))?.[1]).toContain(
      '<a class="button" href="/">Load again</a>',
    )
  })

  test('filters on the server for who has no script', async () => {
    const lab = createLab({ projects: ['foo', 'bar', 'baz'] })
    await lab.service.start({ project: 'bar', label: 'Fix FOO' }, 'page')
    const html = await pageOf(lab, '/?q=+fOo+')
    const isHidden = (key: string): boolean =>
      / hidden/.test(html.match(`<section id="p-${key}"[^>]*>`)![0])
    expect(['foo', 'bar', 'baz'].filter(isHidden)).toEqual(['baz'])
    expect(html).toContain('value=" fOo "')
  })
})

describe('every rendered hx attribute', () => {
  // What htmx 4.0.1 and its stream extension read; a misspelt one would be ignored in silence.
  const known =
    /^(hx-(post|get|target|select|swap|push-url|history-elt|morph-skip|sync|trigger|config)|hx-sse:connect)$/

  test('is one that htmx knows', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.die((await lab.service.start({ project: 'foo' }, 'page')).id)
    const partial = await lab.submit(`/instances/${id}/stop`, {}, htmx)
    const html = (await pageOf(lab)) + (await partial.text())
    const names = new Set(html.match(/(?<=<[^<>]*\s)(?:data-)?hx-[^\s=>]+/g))
    expect(names.size).toBeGreaterThan(5)
    for (const name of names) expect(name).toMatch(known)
    const { 'htmx.min.js': core, 'hx-sse.min.js': sse } = (await import('../lab.ts')).readAssets()
    for (const name of names)
      expect(core + sse).toMatch(new RegExp(name.replace(/hx-(post|get)/, 'hx-"\\+|$&')))
  })

  test('is no inline program', async () => {
    const html = await pageOf(createLab())
    expect(html).not.toMatch(/hx-on|js:|javascript:/)
  })
})

describe('a form without htmx', () => {
  test('starts and redirects to the project on the page', async () => {
    const lab = createLab()
    const response = await lab.submit('/projects/foo/instances', { label: 'fix' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/#p-foo')
    expect(lab.service.list()).toMatchObject([{ name: 'foo~2~fix' }])
    expect(lab.service.asked).toEqual(['start foo "fix" by page'])
  })

  test('stops, dismisses, and stops all', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const dead = await lab.service.start({ project: 'bar' }, 'page')
    lab.service.die(dead.id)
    lab.service.asked.length = 0
    for (const path of [
      `/instances/${id}/stop`,
      `/instances/${dead.id}/dismiss`,
      '/projects/foo/stop-all',
      '/stop-all',
    ])
      expect((await lab.submit(path)).status).toBe(303)
    expect(lab.service.asked).toEqual([
      `stop ${id} by page`,
      `dismiss ${dead.id} by page`,
      `stop ${id} by page`,
      `stop ${id} by page`,
    ])
  })

  test('an invalid label answers 422 with the page, the reason and the label', async () => {
    const lab = createLab()
    const label = 'x'.repeat(61)
    const response = await lab.submit('/new', { project: 'bar', label })
    expect(response.status).toBe(422)
    const html = await response.text()
    const form = html.slice(html.indexOf('id="start"'))
    expect(form).toContain(`value="${label}"`)
    expect(form).toMatch(/<option value="bar" selected/)
    expect(form).toMatch(/role="alert"><p>A label has at most 60 characters/)
    expect(html.slice(0, html.indexOf('id="start"'))).not.toContain(label)
  })

  test('when nobody is logged in offers to start anyway, and that works', async () => {
    const lab = createLab()
    lab.service.failNext(new NotLoggedIn())
    const own = await (await lab.submit('/projects/foo/instances')).text()
    expect(own).toContain('<button class="button" name="force" value="1" form="start-foo">')
    lab.service.failNext(new NotLoggedIn())
    const html = await (await lab.submit('/new', { project: 'foo', label: 'x' })).text()
    expect(html).toContain('<button class="button" name="force" value="1" form="start">')
    const response = await lab.submit('/projects/foo/instances', { label: 'x', force: '1' })
    expect(response.status).toBe(303)
    expect(lab.service.asked.at(-1)).toBe('start foo "x" forced by page')
  })

  test('about something unknown is a 404 that shows the page', async () => {
    const lab = createLab()
    for (const path of [
      '/projects/nope/instances',
      '/instances/nope/stop',
      '/projects/nope/stop-all',
    ]) {
      const response = await lab.submit(path)
      expect(response.status).toBe(404)
      expect(await response.text()).toMatch(/role="alert"><p>lab does not know the/)
    }
  })

  test('with unknown fields is refused', async () => {
    const lab = createLab()
    expect(
      (await lab.submit('/projects/foo/instances', { label: 'x', colour: 'red' })).status,
    ).toBe(400)
    expect(lab.service.asked).toEqual([])
  })

  test.each(['/projects/foo/instances', '/instances/x/stop', '/stop-all'])(
    'reloaded at %s leads back to the page',
    async (path) => {
      const response = await createLab().ask(path)
      expect(response.status).toBe(303)
      expect(response.headers.get('location')).toBe('/')
    },
  )

  test('on an instance’s page returns to it, and says a refusal there', async () => {
    const lab = createLab({ max: 1 })
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const stopped = await lab.submit(`/instances/${id}/stop?place=pane`)
    expect(stopped.headers.get('location')).toBe(`/instances/${id}`)
    lab.service.swept(id)
    await lab.service.start({ project: 'bar' }, 'page')
    const refused = await lab.submit(`/instances/${id}/resume?place=pane`)
    expect(refused.status).toBe(409)
    const html = await refused.text()
    expect(html).toContain(`data-at="/instances/${id}"`)
    expect(html).toMatch(new RegExp(`id="msg-pane-${id}" [^>]*><p[^>]*>All 1 of 1`))
  })
})

describe('a form that htmx sends', () => {
  test('a start answers with its row, the cap, and an empty message line', async () => {
    const lab = createLab()
    const response = await lab.submit('/projects/foo/instances', { label: '' }, htmx)
    expect(response.status).toBe(200)
    const html = await response.text()
    expect(html).toMatch(/<hx-partial hx-target="#list-foo" hx-swap="fresh"><li id="i-/)
    expect(html).toMatch(/<b>1<\/b> of <b>6<\/b>/)
    expect(html).toContain('<hx-partial hx-target="#msg-foo" hx-swap="innerHTML"></hx-partial>')
  })

  test('a refusal fills only the message line', async () => {
    const lab = createLab()
    lab.service.failNext(new AtCapacity(6))
    const response = await lab.submit('/projects/foo/instances', { label: 'x' }, htmx)
    expect(response.status).toBe(409)
    expect(await response.text()).toMatch(
      /^<p data-at-capacity[^>]*>All 6 of 6 instances are in use. Stop one[^<]*<\/p>$/,
    )
  })

  test('a stop of what is gone says so and takes the row off the page', async () => {
    const response = await createLab().submit('/instances/nope/stop', {}, htmx)
    expect(response.status).toBe(404)
    expect(await response.text()).toMatch(
      /<p>lab does not know the instance[\s\S]*<li id="i-nope" [^>]*data-gone/,
    )
  })

  test('a later rendering of a row always has a higher rev', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    const revs: number[] = []
    for (let i = 0; i < 3; i++) {
      const html = await (await lab.submit(`/instances/${id}/stop`, {}, htmx)).text()
      revs.push(Number(/data-rev="[\da-f]+\.(\d+)"/.exec(html)?.[1]))
    }
    expect(revs).toEqual(revs.toSorted((a, b) => a - b))
    expect(new Set(revs).size).toBe(3)
  })

  test('a stop-all tells which instances failed', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.stopAll = async () => [
      { id, name: 'foo', outcome: 'failed', error: { code: 'tmux_failed', message: 'tmux broke' } },
    ]
    const html = await (await lab.submit('/projects/foo/stop-all', {}, htmx)).text()
    expect(html).toMatch(/hx-target="#msg-pane-foo" hx-swap="innerHTML"><p>foo: tmux broke<\/p>/)
  })
})

describe('what was lost with tmux', () => {
  test('is said once, by the offer, and by one word in each row', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo', label: 'one' }, 'page')
    const waiting = await lab.service.start({ project: 'foo', label: 'other' }, 'page')
    const message = 'The tmux server that it ran in is gone.'
    lab.service.die(id, { reason: 'tmux_gone', signal: null, message })
    lab.service.setResumeOffer({ reason: 'tmux_gone', instances: [lab.service.get(id)] })
    const html = await (await lab.ask('/')).text()
    expect(html).toContain('was running when its tmux server went away.')
    expect(html).toContain('Ended with tmux')
    expect(html).not.toContain(message)
    expect(html).not.toContain(`id="n-${id}"`)
    expect(html).toContain('Nothing else needs you.')
    // It still counts where only a number shows.
    expect(html).toContain('<title>(1) lab · box</title>')
    lab.service.change(waiting.id, { state: 'waiting' })
    const later = await (await lab.ask('/')).text()
    expect(later).toContain(`id="n-${waiting.id}"`)
    expect(later).toContain('<title>(2) lab · box</title>')
  })

  test('has a card again when nothing offers it', async () => {
    const lab = createLab()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    lab.service.die(id, { reason: 'tmux_gone', signal: null })
    expect(await (await lab.ask('/')).text()).toContain(`id="n-${id}"`)
  })
})

describe('the manifest', () => {
  test('is asked for with the cookies of the page, which a sign-on wants', async () => {
    expect(await (await createLab().ask('/')).text()).toContain(
      '<link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials"',
    )
  })
})

describe('an address that does not exist', () => {
  test('is a page for people', async () => {
    const response = await createLab().ask('/nothing')
    expect(response.status).toBe(404)
    expect(await response.text()).toMatch(/There is nothing at \/nothing[\s\S]*href="\/"/)
  })
})

describe('small words', () => {
  test.each([
    [0, '0 s'],
    [12_999, '12 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [59 * 60_000, '59 min'],
    [3_600_000, '1 h'],
    [47 * 3_600_000, '47 h'],
    [48 * 3_600_000, '2 d'],
    [-5000, '0 s'],
  ])('%i ms ago is "%s"', (ms, text) => {
    expect(ageText(new Date(1e12).toISOString(), 1e12 + ms)).toBe(text)
  })
})
