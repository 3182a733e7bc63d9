// Marks that are forged, inherited or another's: lab lives on, and a stop ends nobody else's agent.
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test, type TestLab } from '../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, sessions, stop } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

/** Makes a session that carries everything by which lab knows its own. */
async function forge(lab: TestLab, name: string, metadata: Record<string, string>): Promise<void> {
  const all = {
    id: `made-up-${name}`,
    project: '/nowhere',
    slot: '1',
    conversation: 'x',
    created: 'garbage',
    keys: 'id,project,note,slot,conversation,created',
    ...metadata,
  }
  await lab.tmux('new-session', '-d', '-s', name, 'sleep 600')
  await lab.tmux('set-option', '-p', '-t', `=${name}:`, '@lab_agent', all.id)
  for (const [key, value] of Object.entries(all))
    await lab.tmux('set-option', '-t', `=${name}:`, `@lab_${key}`, value)
}

test('sessions with forged metadata neither end lab nor reach out of its folder of notes', async ({
  lab,
}) => {
  await lab.boot()
  const notes = ['.', '..', '../state.json', 'a/b', '%2e%2e', 'sound']
  for (const [i, note] of notes.entries()) await forge(lab, `forged-${i}`, { note })
  await looked(lab)
  const { body } = await lab.call('GET', '/api/v1/instances')
  expect(body.instances.map(({ name }: { name: string }) => name)).toEqual(['forged-5'])
  expect((await lab.call('GET', '/')).status).toBe(200)
  for (const i of notes.keys()) await lab.tmux('kill-session', '-t', `=forged-${i}`)
  await lab.reaches('made-up-forged-5', 'error')
  await looked(lab)
  expect((await lab.call('GET', '/api/v1/server')).body.pid).toBe(lab.pid())
  expect(existsSync(join(lab.stateDir, 'state.json'))).toBe(true)
})

test('an agent that carries another’s mark outlives the stop of that other', async ({ lab }) => {
  await lab.boot()
  const foo = await lab.start('foo')
  await lab.reaches(foo.id, 'ready')
  // From now on agents carry the mark of foo, say by a wrapper that reads a saved environment.
  const [claude, real] = [join(lab.dir, 'bin/claude'), join(lab.dir, 'bin/claude-real')]
  renameSync(claude, real)
  const wrapper = `#!/bin/sh\nLAB_INSTANCE=${foo.id} exec ${real} "$@"\n`
  writeFileSync(claude, wrapper, { mode: 0o755 })
  const bar = await lab.start('bar')
  const { pid } = await lab.reaches(bar.id, 'ready')
  expect(lab.marked(foo.id)).toContain(pid)
  await stop(lab, foo.id)
  await looked(lab)
  expect(await lab.get(bar.id)).toMatchObject({ state: 'ready', pid })
  expect(isAlive(pid)).toBe(true)
  await stop(lab, bar.id)
  expect(isAlive(pid)).toBe(false)
})

test('a lab that was started inside an instance survives its stop and can resume it', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  await lab.end()
  Object.assign(lab.env, { LAB_INSTANCE: foo.id, LAB_STATE_DIR: lab.stateDir })
  await lab.boot()
  expect(lab.marked(foo.id)).toContain(lab.pid())
  await lab.reaches(foo.id, 'ready')
  const foobar = await lab.start('foobar')
  const { pid } = await lab.reaches(foobar.id, 'ready')
  await stop(lab, foo.id)
  await looked(lab)
  expect([foo.pid, bar.pid, pid, lab.pid()].map(isAlive)).toEqual([false, true, true, true])
  expect((await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)).status).toBe(201)
  await lab.reaches(foo.id, 'ready')
  await until(async () => (await sessions(lab)).join() === 'bar,foo,foobar', { what: 'all three' })
})
