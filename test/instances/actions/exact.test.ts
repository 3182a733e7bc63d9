// A request acts on exactly the instance that it names, whatever similar names exist.
import { expect } from 'vitest'
import { createTestLab, test } from '../../fixtures/lab.ts'
import { until } from '../../fixtures/until.ts'

test('every verb on a stopped foo answers 404 and does not touch foo~2~fix', async ({ lab }) => {
  await lab.boot()
  const foo = await lab.start('foo')
  const fix = await lab.start('foo', 'fix')
  await lab.reaches(foo.id, 'ready')
  const { pid } = await lab.reaches(fix.id, 'ready')
  await lab.call('DELETE', '/api/v1/instances/foo')
  await lab.reaches(foo.id, 'stopped')
  for (const [method, path] of [
    ['GET', '/api/v1/instances/foo'],
    ['DELETE', '/api/v1/instances/foo'],
    ['POST', '/api/v1/instances/foo/resume'],
    ['GET', '/api/v1/instances/fo'],
    ['DELETE', '/api/v1/instances/foo~2'],
    ['DELETE', '/api/v1/instances/foo*'],
    ['DELETE', '/api/v1/instances/%3Dfoo~2~fix'],
  ] as const) {
    const { status, body } = await lab.call(method, path)
    expect([method, path, status, body.error?.code]).toEqual([
      method,
      path,
      404,
      'instance_not_found',
    ])
  }
  const attach = await lab.run('attach', 'foo')
  expect([attach.exitCode, attach.stdout]).toEqual([1, ''])
  expect((await lab.run('stop', 'foo')).exitCode).toBe(1)
  expect(await lab.get(fix.id)).toMatchObject({ state: 'ready', pid, name: 'foo~2~fix' })
})

test('stop-all of foo leaves foobar, foo-2, foo_bar and the foreign sessions foo~9 and fo running', async () => {
  const lab = await createTestLab({ projects: ['foo', 'foobar', 'foo-2', 'foo_bar'] })
  try {
    await lab.boot('--max-instances=10')
    for (const name of ['foo~9', 'fo']) await lab.tmux('new-session', '-d', '-s', name, 'sleep 600')
    const foos = [await lab.start('foo'), await lab.start('foo', 'x')]
    const others = await Promise.all(['foobar', 'foo-2', 'foo_bar'].map((key) => lab.start(key)))
    const before = await Promise.all(others.map(({ id }) => lab.reaches(id, 'ready')))
    const { body } = await lab.call('DELETE', '/api/v1/projects/foo/instances')
    expect(body.results.map(({ id }: { id: string }) => id)).toEqual(foos.map(({ id }) => id))
    for (const { id } of foos) await lab.reaches(id, 'stopped')
    const after = await Promise.all(others.map(({ id }) => lab.get(id)))
    expect(after.map(({ state, pid }) => [state, pid])).toEqual(
      before.map(({ pid }) => ['ready', pid]),
    )
    const names = (await lab.tmux('list-sessions', '-F', '#{session_name}')).split('\n')
    expect(names.toSorted()).toEqual(
      ['_lab', 'fo', 'foo-2', 'foo_bar', 'foobar', 'foo~9'].toSorted(),
    )
  } finally {
    await lab.dispose()
  }
})

test('a stop from a page that was loaded before the slot was reused stops nothing', async ({
  lab,
}) => {
  await lab.boot()
  const old = await lab.start('foo')
  await lab.reaches(old.id, 'ready')
  const page = (await lab.call('GET', `/instances/${old.id}/details`)).body as string
  const action = new RegExp(`action="(/instances/${old.id}/stop[^"]*)"`).exec(page)![1]!
  await lab.call('DELETE', `/api/v1/instances/${old.id}`)
  await lab.reaches(old.id, 'stopped')
  const next = await lab.start('foo')
  expect([next.name, next.slot]).toEqual([old.name, old.slot])
  const { pid } = await lab.reaches(next.id, 'ready')
  const sameOrigin = {
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/x-www-form-urlencoded',
  }
  await lab.call('POST', action, '', sameOrigin)
  await until(async () => (await lab.get(old.id)).state === 'stopped', {
    what: 'the old one as it was',
  })
  expect(await lab.get(next.id)).toMatchObject({ state: 'ready', pid })
})
