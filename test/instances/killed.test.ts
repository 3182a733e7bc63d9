// lab is killed while its instances are in every state: the next lab shows the same states.
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Instance } from '../../src/core/instance.ts'
import { test } from '../fixtures/lab.ts'
import { fooAndBar, isAlive } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

test('a lab killed with an instance in each state has the same states and evidence again', async ({
  lab,
}) => {
  const now = join(lab.dir, 'now')
  lab.behave({
    byName: {
      foo: { startOnce: now },
      'foo~4': { permissions: 'manual', deafMs: 0 },
      'foo~6': { startMs: 60_000, die: { afterMs: 50, exit: 3, lines: ['no'] } },
      'foo~7': { ignore: ['SIGTERM', 'SIGHUP'] },
    },
  })
  await lab.boot('--max-instances=10')
  const all: Instance[] = []
  for (let i = 0; i < 7; i++) all.push(await lab.start('foo'))
  const [starting, ready, busy, waiting, stopped, error, stopping] = all.map(({ id }) => id) as [
    string, string, string, string, string, string, string,
  ] // prettier-ignore
  for (const id of [ready, busy, waiting, stopped, stopping]) await lab.reaches(id, 'ready')
  const type = async (name: string, text: string): Promise<void> => {
    await lab.tmux('send-keys', '-t', `=${name}:`, '-l', text)
    await lab.tmux('send-keys', '-t', `=${name}:`, 'Enter')
  }
  await type('foo~3', 'SLOW 60')
  await type('foo~4', 'TOOL bash touch made')
  await lab.call('DELETE', `/api/v1/instances/${stopped}`)
  await lab.reaches(stopped, 'stopped')
  await lab.reaches(busy, 'busy')
  await lab.reaches(waiting, 'waiting')
  await lab.reaches(error, 'error')
  expect((await lab.get(starting)).state).toBe('starting')
  // With its link an agent has written the last that it has to say, and lab has read it.
  const before = await until(
    async () => {
      const five = [ready, busy, waiting, stopped, error]
      const seen = await Promise.all(five.map((id) => lab.get(id)))
      return seen.slice(0, 3).every(({ deepLink }) => deepLink) ? seen : null
    },
    { what: 'three links' },
  )
  await lab.call('DELETE', `/api/v1/instances/${stopping}`)
  expect((await lab.get(stopping)).state).toBe('stopping')
  const onDisk = (): string => readFileSync(join(lab.stateDir, 'state.json'), 'utf8')
  await until(() => onDisk().split('"stopAskedBy": "api"').length === 3, {
    what: 'the wish on disk',
  })
  await lab.end('SIGKILL')
  await lab.boot('--max-instances=10')
  const shown = ({
    id,
    name,
    state,
    waitingFor,
    evidence,
    conversation,
    pid,
  }: Instance): unknown => [[id, name, state, waitingFor, conversation, pid], evidence]
  const after = await Promise.all([ready, busy, waiting, stopped, error].map((id) => lab.get(id)))
  expect(after.map(shown)).toEqual(before.map(shown))
  expect((await lab.get(starting)).state).toBe('starting')
  const ended = await lab.reaches(stopping, 'stopped')
  expect(ended.evidence).toMatchObject({ reason: 'stopped', by: 'api' })
  writeFileSync(now, '')
  await lab.reaches(starting, 'ready')
})

test('a stop that lab answered is finished by the next lab for the same actor, however early lab was killed', async ({
  lab,
}) => {
  lab.behave({ ignore: ['SIGTERM', 'SIGHUP'] })
  const [foo, bar] = await fooAndBar(lab)
  const path = join(lab.stateDir, 'state.json')
  await until(() => readFileSync(path, 'utf8').split('"verified": true').length === 3, {
    what: 'a store that is up to date',
  })
  // A folder in the file's place fails every write, as if lab were killed before the first one.
  cpSync(path, `${path}.kept`)
  rmSync(path)
  mkdirSync(path)
  const { status } = await lab.call('DELETE', `/api/v1/instances/${foo.id}`)
  await lab.end('SIGKILL')
  expect(status).toBe(202)
  rmSync(path, { recursive: true })
  renameSync(`${path}.kept`, path)
  await lab.boot()
  const { evidence } = await lab.reaches(foo.id, 'stopped')
  expect(evidence).toMatchObject({ reason: 'stopped', by: 'api' })
  expect(isAlive(foo.pid)).toBe(false)
  expect(await lab.get(bar.id)).toMatchObject({ state: 'ready', pid: bar.pid })
  // The resumed instance has another launch, without a stop request.
  await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)
  const { pid } = await lab.reaches(foo.id, 'ready')
  await lab.end('SIGKILL')
  await lab.boot()
  expect(await lab.reaches(foo.id, 'ready')).toMatchObject({ pid })
})
