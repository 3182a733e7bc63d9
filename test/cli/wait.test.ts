// `lab new --wait` and `lab resume`, against a real lab.
import { expect } from 'vitest'
import { test } from '../fixtures/lab.ts'

test('new --wait prints the name once the agent is ready', async ({ lab }) => {
  lab.behave({ startMs: 700 })
  await lab.boot()
  const { exitCode, stdout, stderr } = await lab.run('new', 'foo', '--label', 'x', '--wait')
  expect([exitCode, stdout, stderr]).toEqual([0, 'foo~2~x', ''])
  const { body } = await lab.call('GET', '/api/v1/instances/foo~2~x')
  expect(body.state).toBe('ready')
})

test('new --wait exits 1 with the cause and the last lines when the agent dies at once', async ({
  lab,
}) => {
  lab.behave({ startMs: 5000, die: { afterMs: 300, exit: 3, lines: ['no such model'] } })
  await lab.boot()
  const { exitCode, stdout, stderr } = await lab.run('new', 'foo', '--wait')
  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toContain('exit status 3')
  expect(stderr).toContain('no such model')
})

test('resume continues by id, and says why where it cannot', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  const running = await lab.run('resume', id)
  expect([running.exitCode, running.stdout]).toEqual([1, ''])
  expect(running.stderr).toContain('already runs')
  await lab.run('stop', 'foo')
  await lab.reaches(id, 'stopped')
  expect(await lab.run('resume', id, '--wait')).toMatchObject({ exitCode: 0, stdout: 'foo' })
  expect(await lab.run('resume', 'nope')).toMatchObject({ exitCode: 1 })
  expect(await lab.run('resume')).toMatchObject({ exitCode: 2 })
})
