// Cards that were drawn before stand in later pages: never when a fresh rendering would say anything else.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { ageText, ageUntil } from '../../../src/web/views/render-context.ts'
import { createLab, readAssets, type Lab } from '../lab.ts'

const begin = Date.parse('2026-01-01T00:00:00Z')
const projects = ['foo', 'bar', 'baz']
const assets = readAssets()

/** A lab whose clock the test moves, and the page as a lab that has drawn nothing yet renders it. */
function clocked() {
  let passed = 0
  const now = (): number => begin + passed
  const lab = createLab({ now, projects, assets, max: 50 })
  const html = async (of: Lab): Promise<string> => {
    const response = await of.ask('/')
    expect(response.status).toBe(200)
    return response.text()
  }
  return {
    lab,
    pass: (ms: number) => void (passed += ms),
    page: () => html(lab),
    fresh: () => html(createLab({ now, projects, assets, instances: lab.service })),
  }
}

const withoutRevs = (page: string): string =>
  page.replaceAll(/ data-rev="[\da-f]+\.\d+"|(?<=known=[\w-]+)\.[\da-f]+\.\d+/g, '')

/** The serials of the renderings of a card's rows. */
function revsOf(page: string, project: string): number[] {
  const start = page.indexOf(`<ul id="list-${project}"`)
  const rows = page.slice(start, page.indexOf('</ul>', start))
  return [...rows.matchAll(/data-rev="[\da-f]+\.(\d+)"/g)].map(([, serial]) => Number(serial))
}

describe('a page made of cards that were drawn before', () => {
  test('says what a fresh rendering says, whatever happened between', async () => {
    const fields: readonly Partial<Instance>[] = [
      { state: 'busy' },
      { state: 'waiting', waitingFor: 'trust' },
      { linkState: 'linked', deepLink: 'https://claude.ai/code/session_1' },
      { memoryBytes: 5e8 },
      { label: 'renamed', name: 'foo~9~renamed' },
      { attached: 2 },
    ]
    type Runtime = ReturnType<typeof clocked>
    const deeds: Record<string, (world: Runtime, id: string, n: number) => unknown> = {
      pass: ({ pass }, _, n) => pass(n * 7919),
      passLong: ({ pass }, _, n) => pass(n * 3_600_000),
      setBack: ({ pass }, _, n) => pass(-n * 5000),
      start: ({ lab }, _, n) => lab.service.start({ project: projects[n % 3]! }, 'page'),
      change: ({ lab }, id, n) => lab.service.change(id, fields[n % fields.length]!),
      die: ({ lab }, id) => lab.service.die(id, { lastLines: ['the end'] }),
      sweep: ({ lab }, id) => lab.service.swept(id),
      resume: ({ lab }, id) => lab.service.resume(id, 'page'),
      dismiss: ({ lab }, id) => lab.service.dismiss(id, 'page'),
      move: ({ lab }, _, n) => lab.service.addProject(projects[n % 3]!, `/elsewhere/${n}`),
      vanish: ({ lab }, _, n) => lab.service.removeProject(projects[n % 3]!),
      notice: ({ lab }, _, n) => lab.service.setNotices([{ code: 'x', message: `notice ${n}` }]),
    }
    const step = fc.record({ what: fc.constantFrom(...Object.keys(deeds)), n: fc.nat(20) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const world = clocked()
        await world.lab.service.start({ project: 'foo' }, 'page')
        for (const { what, n } of steps) {
          const all = world.lab.service.list({ ended: true })
          const id = all[n % (all.length || 1)]?.id
          const deed = id === undefined ? 'start' : what
          // What cannot be done, such as a resume of what runs, changes nothing.
          await new Promise((done) => done(deeds[deed]!(world, id ?? '', n))).catch(() => undefined)
          expect(withoutRevs(await world.page())).toBe(withoutRevs(await world.fresh()))
        }
      }),
      { numRuns: 60 },
    )
    // Two thousand pages: five seconds of work, which a busy machine may take a minute for.
  }, 180_000)

  test('has each age turn at its minute, not some seconds later', async () => {
    const { lab, pass, page } = clocked()
    await lab.service.start({ project: 'foo' }, 'page')
    const age = async (): Promise<string | undefined> =>
      /class="age"> <time[^>]*>([^<]*)/.exec(await page())?.[1]
    pass(59_999)
    expect(await age()).toBe('59 s')
    pass(1)
    expect(await age()).toBe('1 min')
    pass(-1)
    expect(await age()).toBe('59 s')
  })

  test('draws a card again only when something on it changed', async () => {
    const { lab, pass, page } = clocked()
    const { id } = await lab.service.start({ project: 'foo' }, 'page')
    await lab.service.start({ project: 'bar' }, 'page')
    pass(60_000)
    const first = await page()
    pass(1000)
    const second = await page()
    for (const project of ['foo', 'bar'])
      expect(revsOf(second, project)).toEqual(revsOf(first, project))
    lab.service.change(id, { state: 'ready' })
    const third = await page()
    expect(revsOf(third, 'foo')[0]).toBeGreaterThan(revsOf(first, 'foo')[0]!)
    expect(revsOf(third, 'bar')).toEqual(revsOf(first, 'bar'))
  })

  test('says that a folder is gone, and says it no more once the folder is back', async () => {
    const { lab, page } = clocked()
    await lab.service.start({ project: 'foo' }, 'page')
    expect(await page()).not.toContain('folder gone')
    lab.service.removeProject('foo')
    expect(await page()).toContain('folder gone')
    lab.service.addProject('foo')
    expect(await page()).not.toContain('folder gone')
  })

  test('tells the time of its own request, for the phone to count from', async () => {
    const { pass, page } = clocked()
    expect(await page()).toContain(`<html lang="en" data-now="${begin}" `)
    pass(1)
    expect(await page()).toContain(`<html lang="en" data-now="${begin + 1}" `)
  })

  test('is not broken by text that looks like the place of the cards', async () => {
    const { lab, page, fresh } = clocked()
    await lab.service.start({ project: 'foo', label: '<!--cards-->' }, 'page')
    lab.service.setNotices([{ code: '<!--cards-->', message: '<!--cards-->' }])
    expect(withoutRevs(await page())).toBe(withoutRevs(await fresh()))
    expect(await page()).not.toContain('<!--cards-->')
  })
})

describe('an age', () => {
  test('stays the same word until the moment that is named, and is another then', () => {
    const age = fc.oneof(fc.integer({ min: -1e6, max: 1e7 }), fc.integer({ min: 0, max: 1e9 }))
    fc.assert(
      fc.property(age, fc.double({ min: 0, max: 1, noNaN: true }), (ms, part) => {
        const since = new Date(begin).toISOString()
        const now = begin + ms
        const until = ageUntil(since, now)
        const between = now + Math.floor((until - 1 - now) * part)
        expect(until).toBeGreaterThan(now)
        expect(ageText(since, between)).toBe(ageText(since, now))
        expect(ageText(since, until)).not.toBe(ageText(since, now))
      }),
    )
  })

  test('of what is no time never changes', () => {
    expect(ageText('never', begin)).toBe('0 s')
    expect(ageUntil('never', begin)).toBe(Number.POSITIVE_INFINITY)
  })
})
