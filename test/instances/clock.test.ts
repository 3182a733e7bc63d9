// The clock is set while lab runs, or between two labs: lab orders by sequence number and measures
// durations by the monotonic clock.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { listProjects } from '../../src/instances/state/project-list.ts'
import { test, type TestLab } from '../fixtures/lab.ts'
import { until } from '../fixtures/until.ts'

const future = '2100-01-01T00:00:00.000Z'

/** Writes the store of an earlier lab whose clock was ahead. */
function leave(lab: TestLab, count: number): void {
  const instances = Array.from({ length: count }, (_, n) => ({
    id: `f0f0f0f0-0000-4000-8000-0000000000${10 + n}`,
    name: 'foo',
    projectPath: join(lab.root, 'foo'),
    slot: 1,
    label: null,
    model: null,
    conversation: `f0f0f0f0-0000-4000-8000-0000000000${10 + n}`,
    createdAt: future,
    launchedAt: future,
    bootId: 'boot',
    note: `note-${n}`,
    verified: true,
    stopAskedBy: null,
    together: null,
    ended: {
      state: 'stopped',
      at: `2100-01-01T00:00:${10 + n}.000Z`,
      evidence: {
        reason: 'stopped',
        message: 'It was stopped.',
        exitCode: null,
        signal: null,
        lastLines: [],
        by: 'page',
        at: future,
      },
    },
  }))
  mkdirSync(lab.stateDir)
  const facts = { version: 1, projects: {}, instances, server: null }
  writeFileSync(join(lab.stateDir, 'state.json'), JSON.stringify(facts))
}

test('lab keeps the newest ended instance and forgets the oldest after the clock went back', async ({
  lab,
}) => {
  leave(lab, 20)
  await lab.boot()
  const ids = []
  for (let n = 0; n < 2; n++) {
    const { id } = await lab.start('foo')
    const { pid } = await lab.reaches(id, 'ready')
    process.kill(pid!, 'SIGKILL')
    expect((await lab.reaches(id, 'error')).evidence).toMatchObject({ signal: 'SIGKILL' })
    ids.push(id)
  }
  await lab.end()
  await lab.boot()
  const { instances } = (await lab.call('GET', '/api/v1/instances?ended=1')).body as {
    instances: { id: string }[]
  }
  const kept = instances.map(({ id }) => id)
  expect(kept).toHaveLength(20)
  for (const id of ids) expect(kept).toContain(id)
  // lab forgot the two oldest.
  expect(kept).not.toContain('f0f0f0f0-0000-4000-8000-000000000010')
  expect(kept).not.toContain('f0f0f0f0-0000-4000-8000-000000000011')
})

test('the latest end comes first on the page, in the API and in `lab ls` after the clock went back', async ({
  lab,
}) => {
  leave(lab, 1)
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  await lab.reaches(id, 'stopped')
  const expected = [id, 'f0f0f0f0-0000-4000-8000-000000000010']
  const idsOf = (instances: { id: string }[]): string[] => instances.map((one) => one.id)
  const { body } = await lab.call('GET', '/api/v1/instances?ended=1')
  expect(idsOf(body.instances)).toEqual(expected)
  const page = (await lab.call('GET', '/projects/foo')).body as string
  expect([...page.matchAll(/data-ended="([^"]+)"/g)].map((found) => found[1])).toEqual(expected)
  const listed = await lab.run('ls', '--ended', '--json', `--state-dir=${lab.stateDir}`)
  expect(idsOf(JSON.parse(listed.stdout))).toEqual(expected)
})

test('the project used last comes first after the clock went back', () => {
  const used = {
    '/p/before': { lastUsedAt: future, order: 1 },
    '/p/after': { lastUsedAt: '2000-01-01T00:00:00.000Z', order: 2 },
    '/p/old': { lastUsedAt: future },
  }
  const found = ['before', 'old', 'after'].map((name) => ({ key: name, path: `/p/${name}` }))
  const projects = listProjects({
    found,
    used,
    entries: new Map(),
    lastShown: () => undefined as never,
    gone: () => undefined as never,
  } as unknown as Parameters<typeof listProjects>[0])
  expect(projects.map(({ key }) => key)).toEqual(['after', 'before', 'old'])
})

/** Returns the function that sets the clock of the next lab. */
function settableClock(lab: TestLab): (ms: number) => Promise<void> {
  const shift = join(lab.dir, 'shift')
  const program = join(lab.dir, 'clock.cjs')
  writeFileSync(shift, '0')
  writeFileSync(
    program,
    `const { readFileSync, writeFileSync } = require('node:fs')
     const real = Date
     const now = real.now.bind(real)
     let shift = 0
     setInterval(() => {
       const text = readFileSync(${JSON.stringify(shift)}, 'utf8')
       if (text !== '') shift = Number(text)
       writeFileSync(${JSON.stringify(`${shift}.done`)}, text)
     }, 20).unref()
     globalThis.Date = class extends real {
       constructor(...given) { given.length > 0 ? super(...given) : super(now() + shift) }
       static now() { return now() + shift }
     }`,
  )
  lab.env['NODE_OPTIONS'] = `--require ${program}`
  return async (ms) => {
    writeFileSync(shift, String(ms))
    await until(() => readFileSync(`${shift}.done`, 'utf8') === String(ms), { what: 'the clock' })
  }
}

test('wrong passwords lock out for a minute at most, whatever the clock does', async ({ lab }) => {
  const set = settableClock(lab)
  const password = join(lab.dir, 'password')
  writeFileSync(password, 'right\n', { mode: 0o600 })
  await lab.boot(`--password-file=${password}`)
  await set(3_600_000)
  const sign = (text: string) =>
    lab.call('POST', '/login', `password=${text}`, {
      origin: lab.url(),
      'content-type': 'application/x-www-form-urlencoded',
    })
  const statuses = []
  for (let n = 0; n < 7; n++) statuses.push((await sign('wrong')).status)
  await set(0)
  const { status, headers } = await sign('wrong')
  expect([401, 429]).toContain(status)
  if (status === 429) expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
  expect(statuses).toContain(429)
  expect(status).toBe(429)
})
