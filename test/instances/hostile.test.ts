// Metadata and variables that are forged, inherited or another's: lab keeps running, and a stop ends no
// other agent.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import { readProcess } from '../../src/processes/proc.ts'
import { test, type TestLab } from '../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, sessions, stop } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

/** Makes a session with all the metadata by which lab recognises its own sessions. */
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

test('sessions with forged metadata neither end lab nor reach outside its folder of notes', async ({
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

describe('metadata that a person changed', () => {
  test.for([
    ['@lab_self on one session', 'unknown', ['-t', '=foo:', '@lab_self', '1']],
    ['@lab_self for the whole server', 'unknown', ['-g', '@lab_self', '1']],
    ['no @lab_agent', 'unknown', ['-p', '-u', '-t', '=foo:', '@lab_agent']],
    ['another @lab_keeper', 'unknown', ['-p', '-t', '=foo:', '@lab_keeper', '1']],
    ['no @lab_id', 'ready', ['-u', '-t', '=foo:', '@lab_id']],
  ] as const)('ends no agent, and a stop still does: %s', async ([, state, change], { lab }) => {
    const [foo, bar] = await fooAndBar(lab)
    await lab.tmux('set-option', ...change)
    // If lab still finds the session, nothing has changed.
    if (state === 'ready') await looked(lab)
    const { unknownBecause } = await lab.reaches(foo.id, state)
    if (state === 'unknown') expect(unknownBecause).toMatch(/@lab_.* Stop ends it/)
    expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([true, true])
    await stop(lab, foo.id)
    expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([false, true])
  })

  test('to another instance’s ends neither, and a stop ends the right one', async ({ lab }) => {
    const [foo, bar] = await fooAndBar(lab)
    await lab.tmux('set-option', '-p', '-t', '=foo:', '@lab_agent', bar.id)
    await lab.tmux('set-option', '-t', '=foo:', '@lab_id', bar.id)
    await until(
      async () =>
        (await Promise.all([lab.get(foo.id), lab.get(bar.id)])).some(
          ({ state }) => state === 'unknown',
        ),
      { what: 'a doubt' },
    )
    expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([true, true])
    await stop(lab, bar.id)
    await looked(lab)
    expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([true, false])
    // The metadata does not make foo live again under bar's name.
    expect((await lab.get(bar.id)).state).toBe('stopped')
    await stop(lab, foo.id)
    expect(isAlive(foo.pid)).toBe(false)
  })

  test('to the id of an abandoned launch ends no agent', async ({ lab }) => {
    const [foo] = await fooAndBar(lab)
    const path = join(lab.stateDir, 'state.json')
    await lab.end()
    const facts = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...facts, givenUp: ['gone.1'] }))
    await lab.tmux('set-option', '-t', '=foo:', '@lab_note', 'gone.1')
    await lab.boot()
    await looked(lab)
    expect(isAlive(foo.pid)).toBe(true)
    expect((await lab.get(foo.id)).endedAt).toBeNull()
  })

  test('to another holder of the server costs lab nothing', async ({ lab }) => {
    const [foo] = await fooAndBar(lab)
    const start = readProcess(1)!.start
    await lab.tmux('set-option', '-t', '=_lab:', '@lab_owner', `1 ${start}`)
    // lab connects again only after its connections have ended.
    const clients = await lab.tmux('list-clients', '-F', '#{client_pid}')
    for (const pid of clients.split('\n').map(Number)) process.kill(pid, 'SIGKILL')
    const owner = () => lab.tmux('show-options', '-v', '-t', '=_lab:', '@lab_owner')
    await until(async () => (await owner()).startsWith(`${lab.pid()} `), { what: 'lab to hold it' })
    expect(await lab.reaches(foo.id, 'ready')).toMatchObject({ pid: foo.pid })
    await lab.tmux('set-option', '-t', '=_lab:', '@lab_owner', `1 ${start}`)
    await lab.end('SIGKILL')
    await lab.boot()
    expect(await lab.reaches(foo.id, 'ready')).toMatchObject({ pid: foo.pid })
  })
})

test('a note that no keeper wrote ends no agent, and the agent’s real end is shown', async ({
  lab,
}) => {
  const [foo] = await fooAndBar(lab)
  const { instances } = JSON.parse(readFileSync(join(lab.stateDir, 'state.json'), 'utf8'))
  const { note } = instances.find((one: { id: string }) => one.id === foo.id)
  writeFileSync(join(lab.stateDir, 'notes', note), '0')
  await looked(lab)
  expect((await lab.get(foo.id)).state).toBe('ready')
  expect(isAlive(foo.pid)).toBe(true)
  process.kill(foo.pid!, 'SIGKILL')
  expect((await lab.reaches(foo.id, 'error')).evidence).toMatchObject({ signal: 'SIGKILL' })
})

test('`tmux kill-server` in an agent’s shell does not lead to the server of the agents', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  const environ = readFileSync(`/proc/${foo.pid}/environ`, 'latin1').split('\0')
  expect(environ.filter((one) => one.startsWith('TMUX'))).toEqual([`TMUX_TMPDIR=${lab.dir}`])
  const env = Object.fromEntries(environ.map((one) => one.split(/=(.*)/s).slice(0, 2)))
  await execa('tmux', ['kill-server'], { env, extendEnv: false, cwd: '/', reject: false })
  await looked(lab)
  expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([true, true])
})

test('an agent’s own tmux server, with its programs, outlives the agent’s death and its stop', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  const socket = join(lab.dir, 'own.sock')
  const tmux = (...args: readonly string[]) =>
    execa('tmux', ['-S', socket, '-f', '/dev/null', ...args], {
      env: { ...lab.env, LAB_INSTANCE: foo.id, LAB_STATE_DIR: lab.stateDir },
      extendEnv: false,
      cwd: '/',
    })
  try {
    const { stdout } = await tmux(
      'new-session',
      '-d',
      '-P',
      '-F',
      '#{pid} #{pane_pid}',
      'sleep 600',
    )
    const [server, pane] = stdout.split(' ').map(Number) as [number, number]
    process.kill(foo.pid!, 'SIGKILL')
    const { left } = await until(
      async () => {
        const instance = await lab.get(foo.id)
        return instance.left.length > 0 ? instance : null
      },
      { what: 'what it left' },
    )
    expect(left).toMatchObject([{ pid: server, servesOthers: true }])
    await lab.call('POST', `/api/v1/instances/${foo.id}/end-left`)
    // A refusal here does not end the test.
    expect((await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)).status).toBe(201)
    await lab.reaches(foo.id, 'ready')
    expect((await stop(lab, foo.id)).left).toMatchObject([{ pid: server, servesOthers: true }])
    expect([server, pane, bar.pid].map(isAlive)).toEqual([true, true, true])
  } finally {
    await tmux('kill-server').catch(() => undefined)
  }
})

test('a process that another program started with an instance’s LAB_INSTANCE outlives its stop', async ({
  lab,
}) => {
  const [foo] = await fooAndBar(lab)
  const env = { ...lab.env, LAB_INSTANCE: foo.id, LAB_STATE_DIR: lab.stateDir }
  const innocent = spawn('sleep', ['600'], { env, detached: true, stdio: 'ignore' })
  await until(() => lab.processesOf(foo.id).includes(innocent.pid!), { what: 'the mark' })
  await stop(lab, foo.id)
  expect(isAlive(innocent.pid!)).toBe(true)
  innocent.kill('SIGKILL')
})

test('lab follows no links in the state directory, and ends no process of a forged file of clients', async ({
  lab,
}) => {
  await lab.boot()
  await lab.end()
  const victim = join(lab.dir, 'victim')
  writeFileSync(victim, 'keep')
  for (const name of ['journal.jsonl', 'server.json']) {
    rmSync(join(lab.stateDir, name), { force: true })
    symlinkSync(victim, join(lab.stateDir, name))
  }
  const innocent = spawn('sleep', ['600'], { stdio: 'ignore' })
  const { start } = readProcess(innocent.pid!)!
  const clients = JSON.stringify([{ pid: innocent.pid, start }])
  writeFileSync(join(lab.stateDir, 'tmux-clients.json'), clients)
  await lab.boot()
  await lab.start('foo')
  expect(readFileSync(victim, 'utf8')).toBe('keep')
  expect(isAlive(innocent.pid!)).toBe(true)
  innocent.kill('SIGKILL')
})

test('an agent with another’s LAB_INSTANCE outlives the stop of the other', async ({ lab }) => {
  await lab.boot()
  const foo = await lab.start('foo')
  await lab.reaches(foo.id, 'ready')
  // From now on agents carry foo's LAB_INSTANCE, as by a wrapper that reads a saved environment.
  const [claude, real] = [join(lab.dir, 'bin/claude'), join(lab.dir, 'bin/claude-real')]
  renameSync(claude, real)
  const wrapper = `#!/bin/sh\nLAB_INSTANCE=${foo.id} exec ${real} "$@"\n`
  writeFileSync(claude, wrapper, { mode: 0o755 })
  const bar = await lab.start('bar')
  const { pid } = await lab.reaches(bar.id, 'ready')
  expect(lab.processesOf(foo.id)).toContain(pid)
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
  expect(lab.processesOf(foo.id)).toContain(lab.pid())
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
