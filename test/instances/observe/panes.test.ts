// A person changes panes, sessions and metadata in tmux: that ends no agent, and a stop ends only its own
// instance.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { childrenOf } from '../../../src/processes/proc.ts'
import { createTestLab, test, type TestLab } from '../../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, sessions, stop } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const agentPane = async (lab: TestLab, id: string): Promise<string> => {
  const panes = await lab.tmux('list-panes', '-a', '-F', '#{@lab_agent} #{pane_id}')
  return panes
    .split('\n')
    .find((line) => line.startsWith(`${id} `))!
    .split(' ')[1]!
}

test('an agent whose pane was moved into another session keeps running, and a stop ends it alone', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  // Its own session ends with it, because the session had no other pane.
  await lab.tmux('join-pane', '-s', await agentPane(lab, foo.id), '-t', '=bar:')
  expect(await sessions(lab)).toEqual(['bar'])
  await looked(lab)
  expect(await lab.get(foo.id)).toMatchObject({ state: 'ready', name: 'foo', pid: foo.pid })
  expect((await stop(lab, foo.id)).evidence).toMatchObject({ reason: 'stopped', by: 'api' })
  await looked(lab)
  expect(isAlive(foo.pid)).toBe(false)
  expect(await lab.get(bar.id)).toMatchObject({ state: 'ready', pid: bar.pid })
  expect(isAlive(bar.pid)).toBe(true)
})

test('a stop leaves an agent whose pane was moved into the stopped one’s session', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  // The session that it leaves stays, because a person has a shell in it.
  await lab.tmux('split-window', '-t', '=foo:', 'sleep 600')
  await lab.tmux('join-pane', '-s', await agentPane(lab, foo.id), '-t', '=bar:')
  await looked(lab)
  await stop(lab, bar.id)
  await looked(lab)
  expect(await lab.get(foo.id)).toMatchObject({ state: 'ready', pid: foo.pid })
  expect(isAlive(foo.pid)).toBe(true)
  await stop(lab, foo.id)
  expect(isAlive(foo.pid)).toBe(false)
})

test('an agent whose session is renamed keeps its row under any name that tmux allows, and is stopped', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  const pane = await agentPane(lab, foo.id)
  for (const name of ['fix: login', 'v1.2:', 'a|b']) {
    await lab.tmux('rename-session', '-t', pane, name)
    const shown = await lab.tmux('display-message', '-p', '-t', pane, '#{session_name}')
    await until(async () => (await lab.get(foo.id)).name === shown, { what: `the row ${shown}` })
    await looked(lab)
    expect(await lab.get(foo.id)).toMatchObject({ state: 'ready', pid: foo.pid })
  }
  const [{ name }] = [await lab.get(foo.id)]
  expect((await lab.call('GET', `/api/v1/instances/${encodeURIComponent(name)}`)).body).toMatchObject({ id: foo.id, pid: foo.pid }) // prettier-ignore
  expect((await stop(lab, foo.id)).evidence).toMatchObject({ reason: 'stopped' })
  expect(isAlive(foo.pid)).toBe(false)
  expect(await sessions(lab)).toEqual(['bar'])
  expect(isAlive(bar.pid)).toBe(true)
})

test('agents that end without a stop leave no session, and each has its reason', async ({
  lab,
}) => {
  await lab.boot()
  for (let i = 0; i < 3; i++) {
    const { id, name } = await lab.start('foo')
    expect(name).toBe('foo')
    const { pid } = await lab.reaches(id, 'ready')
    process.kill(pid!, 'SIGKILL')
    const { evidence } = await lab.reaches(id, 'error')
    expect(evidence).toMatchObject({ reason: 'signal', signal: 'SIGKILL' })
    expect(await sessions(lab)).toEqual([])
  }
})

test('two agents whose panes were swapped are stopped each by its own id', async ({ lab }) => {
  const [foo, bar] = await fooAndBar(lab)
  const panes = [await agentPane(lab, foo.id), await agentPane(lab, bar.id)] as const
  await lab.tmux('swap-pane', '-d', '-s', panes[0], '-t', panes[1])
  await looked(lab)
  await stop(lab, foo.id)
  await looked(lab)
  expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([false, true])
  expect(await lab.get(bar.id)).toMatchObject({ state: 'ready', pid: bar.pid })
  await stop(lab, bar.id)
  await until(async () => (await sessions(lab)).length === 0, { what: 'no session left' })
})

test('a pane that a person opened next to the agent outlives its stop', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  const pane = await lab.tmux(
    'split-window',
    '-d',
    '-P',
    '-F',
    '#{pane_id} #{pane_pid}',
    '-t',
    '=foo:',
    'sleep 600',
  )
  const pid = Number(pane.split(' ')[1])
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  await lab.reaches(id, 'stopped')
  expect(() => process.kill(pid, 0)).not.toThrow()
  // The session is a person's from the next look on, a few milliseconds after lab publishes the end.
  const foreign = async (): Promise<readonly { readonly name: string }[]> =>
    (await lab.call('GET', '/api/v1/projects')).body.foreign
  await until(async () => (await foreign()).length > 0, { what: 'a foreign session' })
  expect((await foreign()).map(({ name }) => name)).toEqual(['foo'])
})

/** Starts a program in an instance's pane by hand, or the same program again. Returns its pid. */
async function respawn(lab: TestLab, name: string, ...program: readonly string[]): Promise<number> {
  await lab.tmux('respawn-pane', '-k', '-t', `=${name}:`, ...program)
  return Number(await lab.tmux('display-message', '-p', '-t', `=${name}:`, '#{pane_pid}'))
}

test('an agent whose pane was given to another program has ended, and lab does not end that program', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  const pid = await respawn(lab, 'foo', 'echo mine; exec sleep 600')
  const { evidence } = await lab.reaches(foo.id, 'error')
  expect(evidence).toMatchObject({ reason: 'session_closed', by: 'nobody', lastLines: [] })
  expect(evidence!.message).toContain('given to another program')
  await lab.call('DELETE', '/api/v1/instances')
  await lab.reaches(bar.id, 'stopped')
  await lab.end('SIGKILL')
  await lab.boot()
  await looked(lab)
  expect((await lab.get(foo.id)).evidence).toEqual(evidence)
  // The session holds its name, as any session of a person does.
  await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)
  expect(await lab.reaches(foo.id, 'ready')).toMatchObject({ name: 'foo~2' })
  await stop(lab, foo.id)
  expect((await lab.call('DELETE', `/api/v1/instances/${foo.id}`)).status).toBe(204)
  await looked(lab)
  expect(isAlive(pid)).toBe(true)
  expect(await sessions(lab)).toEqual(['foo'])
})

test('a program in the agent’s pane outlives a stop that came before lab saw it', async ({
  lab,
}) => {
  const [foo] = await fooAndBar(lab)
  process.kill(lab.pid(), 'SIGSTOP')
  const pid = await respawn(lab, 'foo', 'exec sleep 600')
  const stopping = lab.call('DELETE', `/api/v1/instances/${foo.id}`)
  process.kill(lab.pid(), 'SIGCONT')
  await stopping
  await until(async () => !['ready', 'stopping'].includes((await lab.get(foo.id)).state), {
    what: 'an end',
  })
  await looked(lab)
  expect(isAlive(pid)).toBe(true)
  expect(await sessions(lab)).toEqual(['bar', 'foo'])
})

test('an agent that a person starts again in its pane is that person’s, and a resume is refused', async ({
  lab,
}) => {
  const [foo] = await fooAndBar(lab)
  const keeper = await respawn(lab, 'foo')
  await lab.reaches(foo.id, 'error')
  const agent = await until(
    () => {
      const [child] = childrenOf(keeper)
      const file = join(lab.home, '.claude/sessions', `${child}.json`)
      return child && readFileSync(file, 'utf8').includes('"status":"idle"') ? child : null
    },
    { what: 'the agent that was started again' },
  )
  await looked(lab)
  const resumed = await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)
  expect([resumed.status, resumed.body.error.code]).toEqual([409, 'already_running'])
  expect(resumed.body.error.message).toContain(`${agent}`)
  expect(isAlive(agent)).toBe(true)
  const { body } = await lab.call('GET', '/api/v1/projects')
  expect(body.foreign.map(({ name }: { name: string }) => name)).toContain('foo')
  expect(body.cap.used).toBe(1)
})

test('an agent that outlives the hangup of its pane is named on its row, and a resume is refused', async ({
  lab,
}) => {
  lab.behave({ ignore: ['SIGHUP'] })
  const [foo] = await fooAndBar(lab)
  const pid = await respawn(lab, 'foo', 'exec sleep 600')
  await lab.reaches(foo.id, 'error')
  const { left } = await until(
    async () => {
      const instance = await lab.get(foo.id)
      return instance.left.length > 0 ? instance : null
    },
    { what: 'what it left' },
  )
  expect(left.map((one) => one.pid)).toEqual([foo.pid])
  const resumed = await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)
  expect([resumed.status, resumed.body.error.code]).toEqual([409, 'already_running'])
  expect([isAlive(foo.pid), isAlive(pid)]).toEqual([true, true])
  await lab.call('POST', `/api/v1/instances/${foo.id}/end-left`)
  expect([isAlive(foo.pid), isAlive(pid)]).toEqual([false, true])
})

test('an agent that outlives the hangup of its pane can be ended, though its programs have no LAB_INSTANCE', async ({
  lab,
}) => {
  lab.behave({ ignore: ['SIGHUP'] })
  const claude = join(lab.dir, 'bin/claude')
  renameSync(claude, `${claude}.real`)
  const unmarked = `(trap '' HUP; exec env -u LAB_INSTANCE sleep 600 >&- 2>&- <&-) &`
  writeFileSync(claude, `#!/bin/sh\n${unmarked}\nexec ${claude}.real "$@"\n`, { mode: 0o755 })
  const [foo] = await fooAndBar(lab)
  // The agent's registry file no longer names its conversation.
  rmSync(join(lab.home, '.claude/sessions', `${foo.pid}.json`))
  await respawn(lab, 'foo', 'exec sleep 600')
  await lab.reaches(foo.id, 'error')
  await until(async () => (await lab.get(foo.id)).left.length > 0, { what: 'what it left' })
  const resumed = await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)
  expect([resumed.status, resumed.body.error?.code]).toEqual([409, 'already_running'])
  expect(isAlive(foo.pid)).toBe(true)
  await lab.call('POST', `/api/v1/instances/${foo.id}/end-left`)
  expect(isAlive(foo.pid)).toBe(false)
})

test('a session that was renamed to another’s id does not answer for that id', async ({ lab }) => {
  const [foo, bar] = await fooAndBar(lab)
  await lab.tmux('rename-session', '-t', '=bar', foo.id)
  await until(async () => (await lab.get(bar.id)).name === foo.id, { what: 'the new name' })
  const { status, body } = await lab.call('DELETE', `/api/v1/instances/${foo.id}`)
  expect([status, body.id]).toEqual([202, foo.id])
  await lab.reaches(foo.id, 'stopped')
  await looked(lab)
  expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([false, true])
  expect((await lab.get(bar.id)).state).toBe('ready')
})

test('an @lab_id set for the whole server makes no person’s session lab’s', async ({ lab }) => {
  const [foo, bar] = await fooAndBar(lab)
  await lab.tmux('new-session', '-d', '-s', 'mine', 'sleep 600')
  await lab.tmux('set-option', '-g', '@lab_id', foo.id)
  await looked(lab)
  await stop(lab, foo.id)
  await looked(lab)
  expect(await sessions(lab)).toEqual(['bar', 'mine'])
  expect(isAlive(bar.pid)).toBe(true)
})

test('lab starts and stops instances, and has one session of its own, under a hook that renames sessions', async () => {
  const lab = await createTestLab({ socket: 'default' })
  try {
    await lab.tmux('new-session', '-d', '-s', 'mine', 'sleep 600')
    await lab.tmux('set-hook', '-g', 'after-new-session', 'rename-session "work-#{session_name}"')
    await lab.boot()
    const { id } = await lab.start('foo')
    const { pid } = await lab.reaches(id, 'ready')
    await until(async () => (await lab.get(id)).name === 'work-foo', { what: 'its name' })
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await lab.end(signal)
      await lab.boot()
    }
    expect(await sessions(lab)).toEqual(['mine', 'work-_lab', 'work-foo'])
    expect(await lab.get(id)).toMatchObject({ state: 'ready', pid, name: 'work-foo' })
    await stop(lab, id)
    await until(async () => (await sessions(lab)).join() === 'mine,work-_lab', { what: 'its end' })
    expect(lab.processesOf()).toEqual([])
    const { foreign } = (await lab.call('GET', '/api/v1/projects')).body
    expect(foreign.map(({ name }: { name: string }) => name)).not.toContain('work-_lab')
  } finally {
    await lab.dispose()
  }
})
