// `lab new --wait`, `lab resume` and `lab wait`, against a real lab.
import { describe, expect } from 'vitest'
import { test, type TestLab } from '../fixtures/lab.ts'

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

describe('lab wait', () => {
  test('ends when the agent has done its work', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    await type(lab, 'foo', 'SLOW 1')
    await lab.reaches(id, 'busy')
    const { exitCode, stdout } = await lab.run('wait', 'foo')
    expect([exitCode, stdout]).toEqual([0, 'ready'])
    expect((await lab.get(id)).state).toBe('ready')
  })

  test('fails with the reason when the agent ends instead', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const waiting = lab.run('wait', id, '--for', 'busy')
    const ended = lab.run('wait', id, '--for', 'ended')
    await type(lab, 'foo', 'DIE 3')
    const { exitCode, stdout, stderr } = await waiting
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toContain('foo has ended')
    expect(stderr).toContain('exit status 3')
    expect((await ended).stdout).toMatch(/^died: .*exit status 3/)
  })

  test('gives up after its time, and refuses what is no state or time', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const late = await lab.run('wait', 'foo', '--for', 'busy', '--timeout', '0.2')
    expect([late.exitCode, late.stderr]).toEqual([1, 'lab: foo is still ready.'])
    expect((await lab.run('wait', 'foo', '--for', 'done')).exitCode).toBe(2)
    expect((await lab.run('wait', 'foo', '--timeout', 'soon')).exitCode).toBe(2)
  })
})

async function type(lab: TestLab, name: string, text: string): Promise<void> {
  await lab.tmux('send-keys', '-t', `=${name}:`, '-l', text)
  await lab.tmux('send-keys', '-t', `=${name}:`, 'Enter')
}
