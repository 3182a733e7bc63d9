// A person dismisses the resume offer: it disappears, and each of its instances can still be resumed.
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { serverPid } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

async function readyOnes(lab: TestLab, ...projects: readonly string[]): Promise<Instance[]> {
  const all: Instance[] = []
  for (const project of projects) all.push(await lab.start(project))
  for (const { id } of all) await lab.reaches(id, 'ready')
  return all
}

async function stopAll(lab: TestLab, all: readonly Instance[]): Promise<void> {
  await lab.call('DELETE', '/api/v1/instances')
  for (const { id } of all) await lab.reaches(id, 'stopped')
}

/** The ids in the banner's form, null without a banner. */
async function offered(lab: TestLab): Promise<readonly string[] | null> {
  const page = (await lab.call('GET', '/')).body as string
  const form = /<form[^>]* id="forget".*?<\/form>/s.exec(page)?.[0]
  return form ? [...form.matchAll(/name="ids" value="([^"]+)"/g)].map(([, id]) => id!) : null
}

function dismiss(lab: TestLab, ids: readonly string[]): Promise<{ readonly status: number }> {
  const form = { origin: lab.url(), 'content-type': 'application/x-www-form-urlencoded' }
  return lab.call('POST', '/dismiss', ids.map((id) => `ids=${id}`).join('&'), form)
}

const idsOf = (all: readonly { readonly id: string }[]): readonly string[] =>
  all.map(({ id }) => id).toSorted()

describe.each([
  ['a stop of all', 'stopped', stopAll],
  [
    'the loss of their tmux server',
    'error',
    async (lab: TestLab, all: readonly Instance[]) => {
      process.kill(await serverPid(lab), 'SIGKILL')
      for (const { id } of all) await lab.reaches(id, 'error')
    },
  ],
] as const)('after %s', (_, state, end) => {
  test('a dismissed offer does not come back, and each of its instances is under Ended', async ({
    lab,
  }) => {
    await lab.boot()
    await stopAll(lab, await readyOnes(lab, 'foobar'))
    const all = await readyOnes(lab, 'foo', 'foo', 'bar')
    await end(lab, all)
    const stream = await lab.events()
    const ids = await until(
      async () => {
        const now = await offered(lab)
        return now?.length === 3 ? now : null
      },
      { what: 'an offer of three' },
    )
    expect(ids.toSorted()).toEqual(idsOf(all))
    expect((await dismiss(lab, ids)).status).toBe(303)
    // Listeners hear of it, or they would still show the offer.
    const told = (): readonly Instance[] =>
      stream.events.flatMap((event) => (event.type === 'instance' ? [event.instance] : []))
    await until(() => ids.every((id) => told().some((one) => one.id === id && one.dismissed)), {
      what: 'an event for each',
    })
    stream.close()
    for (const isRestarted of [false, true]) {
      if (isRestarted) {
        await lab.end()
        await lab.boot()
      }
      // Nor does the older one come in its place.
      expect(await offered(lab)).toBeNull()
      const pages = ['/', '/projects/foo', '/projects/bar'].map((path) => lab.call('GET', path))
      const [list, ...ended] = (await Promise.all(pages)).map(({ body }) => body as string)
      for (const id of ids) expect(ended.join('')).toContain(`data-ended="${id}"`)
      expect(list).not.toContain('class="need ')
      expect((await lab.call('GET', '/api/v1/instances')).body.instances).toEqual([])
      const { instances } = (await lab.call('GET', '/api/v1/instances?ended=1')).body
      expect(idsOf(instances)).toEqual(expect.arrayContaining([...ids]))
      expect((await lab.run('ls')).stdout).not.toContain(ids[0])
      const { stdout } = await lab.run('ls', '--ended')
      for (const id of ids) expect(stdout).toContain(id)
    }
    for (const { id } of all) {
      expect((await lab.get(id)).state).toBe(state)
      expect((await lab.run('resume', id)).exitCode).toBe(0)
      expect(await lab.reaches(id, 'ready')).toMatchObject({ dismissed: false })
    }
    // A later error shows like any other.
    process.kill((await lab.get(all[0]!.id)).pid!, 'SIGKILL')
    await lab.reaches(all[0]!.id, 'error')
    expect(idsOf((await lab.call('GET', '/api/v1/instances')).body.instances)).toEqual(
      ids.toSorted(),
    )
  })
})

test('an offer dismissed on an old page dismisses neither a newer offer nor a running instance', async ({
  lab,
}) => {
  await lab.boot()
  const [first] = await readyOnes(lab, 'foo')
  await stopAll(lab, [first!])
  await lab.call('POST', `/api/v1/instances/${first!.id}/resume`)
  await lab.reaches(first!.id, 'ready')
  const [second] = await readyOnes(lab, 'bar')
  await lab.call('DELETE', '/api/v1/projects/bar/instances')
  await lab.reaches(second!.id, 'stopped')
  await dismiss(lab, [first!.id])
  expect(await offered(lab)).toEqual([second!.id])
  expect(await lab.get(first!.id)).toMatchObject({ state: 'ready', dismissed: false })
})
