// lab is restarted and killed: the instances keep running, and the next lab knows them all.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Instance } from '../../src/core/instance.ts'
import { test, type TestLab } from '../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, readyFoo, serverPid, stop } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

async function five(lab: TestLab): Promise<Instance[]> {
  await lab.boot()
  const started: Instance[] = []
  for (const [project, label] of [
    ['foo'],
    ['foo', 'fix “it”'],
    ['foo'],
    ['bar', 'a'],
    ['foobar'],
  ] as const)
    started.push(await lab.start(project, label))
  for (const { id } of started) await lab.reaches(id, 'ready')
  return until(
    async () => {
      const all = await Promise.all(started.map(({ id }) => lab.get(id)))
      return all.every(({ deepLink }) => deepLink) ? all : null
    },
    { what: 'five links' },
  )
}

/** How often the store's file holds these words. */
function onDisk(lab: TestLab, words: string): number {
  return readFileSync(join(lab.stateDir, 'state.json'), 'utf8').split(words).length - 1
}

const remembered = ({
  id,
  name,
  slot,
  label,
  state,
  deepLink,
  conversation,
  pid,
  project,
  createdAt,
}: Instance): unknown => ({
  id,
  name,
  slot,
  label,
  state,
  deepLink,
  conversation,
  pid,
  project,
  createdAt,
})

test('the next lab after kill -9 lists the same instances, with the same agents and panes', async ({
  lab,
}) => {
  const before = await five(lab)
  const panes = await lab.tmux('list-panes', '-a', '-F', '#{session_name} #{pane_pid}')
  await lab.end('SIGKILL')
  for (const { pid } of before) expect(() => process.kill(pid!, 0)).not.toThrow()
  await lab.boot()
  const after = await Promise.all(before.map(({ id }) => lab.get(id)))
  expect(after.map(remembered)).toEqual(before.map(remembered))
  expect(await lab.tmux('list-panes', '-a', '-F', '#{session_name} #{pane_pid}')).toBe(panes)
})

test('instances are recognised without the store, by the metadata of their sessions', async ({
  lab,
}) => {
  const before = await five(lab)
  await lab.end('SIGKILL')
  writeFileSync(join(lab.stateDir, 'state.json'), '{"version":1,"projects":')
  await lab.boot()
  const after = await Promise.all(before.map(({ id }) => lab.get(id)))
  expect(after.map(remembered)).toEqual(before.map(remembered))
  expect(lab.stderr()).toContain('put it aside')
  const page = await lab.call('GET', '/')
  expect(page.body).toContain('could not read its store')
})

test('SIGTERM ends lab and its open streams with exit 0 within two seconds, and the agents keep running', async ({
  lab,
}) => {
  const before = await five(lab)
  const events = await lab.events()
  const from = performance.now()
  expect(await lab.end('SIGTERM')).toBe(0)
  expect(performance.now() - from).toBeLessThan(2000)
  // lab ended in order, and not by its time limit.
  await until(() => lab.stderr().includes('lab has ended'), { what: 'its last word' })
  events.close()
  for (const { pid } of before) expect(() => process.kill(pid!, 0)).not.toThrow()
})

test('an agent that died while lab was away is reported with its status and last lines', async ({
  lab,
}) => {
  const [first, second] = await five(lab)
  // lab knows that it was ready, so its end is not a failed start.
  await until(() => onDisk(lab, '"verified": true') === 5, { what: 'a store that is up to date' })
  await lab.end('SIGKILL')
  process.kill(first!.pid!, 'SIGKILL')
  await lab.tmux('send-keys', '-t', `=${second!.name}:`, '-l', 'DIE 3')
  await lab.tmux('send-keys', '-t', `=${second!.name}:`, 'Enter')
  await until(() => lab.processesOf(second!.id).length === 0, { what: 'the second agent gone' })
  await lab.boot()
  const killed = await lab.reaches(first!.id, 'error')
  expect(killed.evidence).toMatchObject({ reason: 'signal', signal: 'SIGKILL', exitCode: null })
  const exited = await lab.reaches(second!.id, 'error')
  expect(exited.evidence).toMatchObject({ reason: 'exited', signal: null, exitCode: 3 })
  expect(exited.evidence!.lastLines.join('\n')).toContain('DIE 3')
})

test('a stop that a killed lab did not finish is finished by the next lab', async ({ lab }) => {
  lab.behave({ ignore: ['SIGTERM', 'SIGHUP'] })
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  await until(() => onDisk(lab, '"stopAskedBy": "api"') > 0, { what: 'the wish on disk' })
  await lab.end('SIGKILL')
  expect(lab.processesOf(id).length).toBeGreaterThan(0)
  await lab.boot()
  const stopped = await lab.reaches(id, 'stopped')
  expect(stopped.evidence).toMatchObject({ reason: 'stopped', by: 'api' })
  expect(lab.processesOf(id)).toEqual([])
})

test('a stop under way at a SIGTERM of lab is finished by the next lab, for that instance alone', async ({
  lab,
}) => {
  lab.behave({ byName: { foo: { ignore: ['SIGTERM', 'SIGHUP'] } } })
  const [foo, bar] = await fooAndBar(lab)
  await lab.call('DELETE', `/api/v1/instances/${foo.id}`)
  expect(await lab.end('SIGTERM')).toBe(0)
  // lab ends within two seconds, and an agent that ignores a stop has four.
  expect(isAlive(foo.pid)).toBe(true)
  await lab.boot()
  const stopped = await lab.reaches(foo.id, 'stopped')
  expect(stopped.evidence).toMatchObject({ reason: 'stopped', by: 'api' })
  expect(lab.processesOf(foo.id)).toEqual([])
  expect(await lab.get(bar.id)).toMatchObject({ state: 'ready', pid: bar.pid })
})

test('an agent’s end outlives a lab that could not write it', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'ready')
  const path = join(lab.stateDir, 'state.json')
  await until(() => readFileSync(path, 'utf8').includes('"verified": true'), {
    what: 'a store that is up to date',
  })
  const state = readFileSync(path)
  // A folder in the file's place fails every write, as a full disk does.
  rmSync(path)
  mkdirSync(path)
  process.kill(pid!, 'SIGKILL')
  await lab.reaches(id, 'error')
  await until(() => lab.stderr().includes('lab cannot write the store'), {
    what: 'the failed write',
  })
  await looked(lab)
  await lab.end('SIGKILL')
  rmSync(path, { recursive: true })
  writeFileSync(path, state)
  await lab.boot()
  const { evidence } = await lab.reaches(id, 'error')
  expect(evidence).toMatchObject({ reason: 'signal', signal: 'SIGKILL' })
})

test('a resume that a killed lab did not finish runs or has failed, and does not count as closed', async ({
  lab,
}) => {
  const { id } = await readyFoo(lab)
  await stop(lab, id)
  await until(() => onDisk(lab, '"ended": {') > 0, { what: 'the record of its end' })
  const server = await serverPid(lab)
  process.kill(server, 'SIGSTOP')
  try {
    void lab.call('POST', `/api/v1/instances/${id}/resume`).catch(() => undefined)
    await until(() => onDisk(lab, '"ended": null') > 0, { what: 'the record of its resume' })
    await lab.end('SIGKILL')
  } finally {
    process.kill(server, 'SIGCONT')
  }
  await lab.boot()
  const now = await until(
    async () => {
      const instance = await lab.get(id)
      return ['ready', 'error'].includes(instance.state) ? instance : null
    },
    { what: 'what became of it' },
  )
  // The outcome depends on whether tmux had the command already.
  expect(['ready', 'start_failed']).toContain(now.evidence?.reason ?? now.state)
  expect(lab.processesOf(id).length > 0).toBe(now.state === 'ready')
})

test('a session that a person renames keeps its id and answers to its new name', async ({
  lab,
}) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  await lab.tmux('rename-session', '-t', '=foo:', 'mine')
  await until(async () => (await lab.get(id)).name === 'mine', { what: 'the new name' })
  expect((await lab.call('GET', '/api/v1/instances/mine')).body.id).toBe(id)
  await lab.end('SIGKILL')
  await lab.boot()
  // Not at once, because the agent may just be writing its status.
  expect(await lab.reaches(id, 'ready')).toMatchObject({ name: 'mine', project: 'foo' })
  // Its slot is still its own.
  expect((await lab.start('foo')).name).toBe('foo~2')
})

test('a second lab on the same state directory or tmux server is refused with the holder’s pid', async ({
  lab,
}) => {
  await lab.boot()
  const same = await lab.run(
    'serve',
    `--projects-root=${lab.root}`,
    `--state-dir=${lab.stateDir}`,
    '--port=0',
  )
  expect([same.exitCode, same.stdout]).toEqual([2, ''])
  expect(same.stderr).toContain(`process ${lab.pid()}`)
  const other = await lab.run(
    'serve',
    `--projects-root=${lab.root}`,
    `--state-dir=${lab.dir}/other`,
    '--port=0',
  )
  expect([other.exitCode, other.stdout]).toEqual([2, ''])
  expect(other.stderr).toContain(`process ${lab.pid()}`)
  expect(other.stderr).toContain('--tmux-socket')
})
