// `lab stop`: exactly what was named ends.
import { expect } from 'vitest'
import { instanceOf, projectOf, serve, test } from '../fixtures/api-server.ts'

test('each instance named is stopped, and one refusal keeps no other from it', async ({
  fakeLab,
}) => {
  const { answers } = fakeLab
  serve(fakeLab, [
    instanceOf({ id: 'foo-id' }),
    instanceOf({ id: 'bar-id', name: 'bar~2' }),
    instanceOf({ id: 'ended-id', state: 'stopped' }),
  ])
  answers['DELETE /api/v1/instances/foo-id'] = {
    status: 202,
    body: instanceOf({ state: 'stopping' }),
  }
  answers['DELETE /api/v1/instances/bar-id'] = {
    status: 202,
    body: instanceOf({ name: 'bar~2', state: 'stopping' }),
  }
  answers['DELETE /api/v1/instances/ended-id'] = { status: 204 }
  expect(await fakeLab.run(['stop', 'foo', 'nope', 'bar~2', 'ended-id'])).toEqual({
    exitCode: 1,
    out: 'foo: stopping\nbar~2: stopping\nended-id: dismissed\n',
    err: 'lab: No instance is called "nope"; `lab ls` shows them.\n',
  })
  expect((await fakeLab.run(['stop', 'foo'])).exitCode).toBe(0)
})

test('stop --left ends what ended instances left, and says what of it still runs', async ({
  fakeLab,
}) => {
  const left = [{ pid: 7, command: 'tmux', servesOthers: true }]
  const { answers } = fakeLab
  serve(fakeLab, [instanceOf({ id: 'a' }), instanceOf({ id: 'b' })])
  answers['POST /api/v1/instances/a/end-left'] = { body: instanceOf({ name: 'foo', left: [] }) }
  answers['POST /api/v1/instances/b/end-left'] = { body: instanceOf({ name: 'bar', left }) }
  expect(await fakeLab.run(['stop', '--left', 'a', 'b'])).toEqual({
    exitCode: 0,
    out: 'foo: nothing of it runs\nbar: still running: 7\n',
    err: '',
  })
  expect((await fakeLab.run(['stop', '--left'])).exitCode).toBe(2)
  expect((await fakeLab.run(['stop', '--left', '--all'])).exitCode).toBe(2)
})

test.for(['', '.', '..'])('stop %j asks the server nothing', async (ref, { fakeLab }) => {
  fakeLab.answers['DELETE /api/v1/instances/'] = { body: { results: [] } }
  const { exitCode, err } = await fakeLab.run(['stop', ref])
  expect(exitCode).toBe(1)
  expect(err).toContain('is not an instance')
  expect(fakeLab.asked).toEqual([])
})

test.for([
  ['../../instances', '..%2F..%2Finstances'],
  ['a/b', 'a%2Fb'],
  ['a?b', 'a%3Fb'],
  ['a#b', 'a%23b'],
  ['%2e%2e', '%252e%252e'],
] as const)('stop %j stays one part of the path', async ([ref, part], { fakeLab }) => {
  expect((await fakeLab.run(['stop', ref])).exitCode).toBe(1)
  expect(fakeLab.asked[0]?.call).toBe(`GET /api/v1/instances/${part}`)
  expect(fakeLab.asked.filter(({ call }) => !call.startsWith('GET '))).toEqual([])
})

test('stop --all says what became of each', async ({ fakeLab }) => {
  const results = [
    { id: '1', name: 'foo', outcome: 'stopping' },
    { id: '2', name: 'bar', outcome: 'failed', error: { code: 'tmux_failed', message: 'no\nway' } },
    { id: '3', name: 'baz', outcome: 'stopping' },
  ]
  fakeLab.answers['DELETE /api/v1/instances'] = { body: { results } }
  expect(await fakeLab.run(['stop', '--all'])).toEqual({
    exitCode: 1,
    out: 'foo: stopping\nbaz: stopping\n',
    err: 'lab: bar: no\\u000away\n',
  })
})

test('stop --project takes a key or a path, and having nothing to stop is no failure', async ({
  fakeLab,
  folder,
}) => {
  fakeLab.answers['GET /api/v1/projects'] = {
    body: { projects: [projectOf('foo', folder)], foreign: [], cap: { max: 6, used: 0 } },
  }
  fakeLab.answers['DELETE /api/v1/projects/foo/instances'] = { body: { results: [] } }
  const done = { exitCode: 0, out: 'nothing to stop\n', err: '' }
  expect(await fakeLab.run(['stop', '--project', 'foo'])).toEqual(done)
  expect(await fakeLab.run(['stop', '--project', '.'], { cwd: folder })).toEqual(done)
})

test('an answer without outcomes is a failure, not a success', async ({ fakeLab }) => {
  fakeLab.answers['DELETE /api/v1/instances'] = { body: {} }
  expect((await fakeLab.run(['stop', '--all'])).exitCode).toBe(1)
})
