// lab knows an instance's conversation, whatever else writes into Claude's registry or runs below the
// agent, and never runs a conversation twice.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { fileOf } from '../../fixtures/registry.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { clear, fooAndBar, looked, readyFoo, serverPid, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const other = '11111111-2222-4333-8444-555555555555'

/** The entries of Claude's registry, by the pid that each file names. */
function registered(lab: TestLab): ReadonlyMap<number, { sessionId: string }> {
  const dir = join(lab.home, '.claude/sessions')
  const files = readdirSync(dir).filter((name) => /^\d+\.json$/.test(name))
  return new Map(
    files.map((name) => [
      Number.parseInt(name),
      JSON.parse(readFileSync(join(dir, name), 'utf8')) as { sessionId: string },
    ]),
  )
}

/**
 * Writes an agent that starts another below itself, with another conversation. On SIGTERM it removes its
 * registry file first, as Claude does, and ends once the file `gone` exists.
 */
function writeNestingAgent(lab: TestLab): { program: string; gone: string } {
  const [program, gone] = [join(lab.dir, 'nesting'), join(lab.dir, 'gone')]
  const source = `#!${process.execPath}
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const [word, own] = process.argv.slice(2)
if (word === 'auth') process.exit(console.log('{"loggedIn":true}'))
if (word === '--version') process.exit(console.log('2.1.329 (Claude Code)'))
const isNested = word === 'nested'
const sessionId = isNested ? own : process.argv[process.argv.indexOf('--session-id') + 1]
const procStart = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')[19]
const dir = process.env.HOME + '/.claude/sessions'
fs.mkdirSync(dir, { recursive: true })
const file = dir + '/' + process.pid + '.json'
const now = Date.now()
const entry = { pid: process.pid, procStart, sessionId, status: 'busy', startedAt: now, updatedAt: now }
fs.writeFileSync(file + '.part', JSON.stringify(entry))
fs.renameSync(file + '.part', file)
if (!isNested) spawn(process.execPath, [__filename, 'nested', '${other}'], { stdio: 'ignore' })
process.on('SIGTERM', () => {
  fs.rmSync(file, { force: true })
  setInterval(() => (isNested || fs.existsSync('${gone}')) && process.exit(143), 10)
})
setInterval(() => {}, 1e6)
`
  writeFileSync(program, source, { mode: 0o755 })
  return { program, gone }
}

test('an agent below another does not change the other’s conversation, also while the other ends', async ({
  lab,
}) => {
  const { program, gone } = writeNestingAgent(lab)
  await lab.boot(`--claude=${program}`)
  const { id } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'busy')
  await until(() => [...registered(lab).values()].some(({ sessionId }) => sessionId === other), {
    what: 'the nested agent’s file',
  })
  await looked(lab)
  expect(await lab.get(id)).toMatchObject({ conversation: id, pid })
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  await until(() => !registered(lab).has(pid!), { what: 'the agent’s own file gone' })
  await looked(lab)
  writeFileSync(gone, '')
  expect((await lab.reaches(id, 'stopped')).conversation).toBe(id)
})

test('an agent below another does not replace the other after the other’s file is gone', async ({
  lab,
}) => {
  const { program } = writeNestingAgent(lab)
  await lab.boot(`--claude=${program}`)
  const { id } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'busy')
  await until(() => [...registered(lab).values()].some(({ sessionId }) => sessionId === other), {
    what: 'the nested agent’s file',
  })
  await until(() => readFileSync(join(lab.stateDir, 'state.json'), 'utf8').includes(`${pid}`), {
    what: 'the agent on the disk',
  })
  rmSync(join(lab.home, `.claude/sessions/${pid}.json`))
  await lab.end('SIGKILL')
  await lab.boot(`--claude=${program}`)
  await looked(lab)
  expect(await lab.reaches(id, 'unknown')).toMatchObject({ conversation: id })
})

test('a registry file that names another process’s pid changes nothing', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'ready')
  const { deepLink } = await until(
    async () => {
      const instance = await lab.get(id)
      return instance.deepLink ? instance : null
    },
    { what: 'its link' },
  )
  const forged = { sessionId: other, procStart: undefined, bridgeSessionId: 'cse_evil' }
  const waiting = { status: 'waiting', waitingFor: 'permission prompt', updatedAt: Date.now() }
  writeFileSync(join(lab.home, '.claude/sessions/1.json'), fileOf(pid!, { ...forged, ...waiting }))
  // The agent writes its own file after that one; lab reads them in that order.
  await type(lab, 'foo', 'HANG')
  await lab.reaches(id, 'busy')
  await lab.tmux('send-keys', '-t', '=foo:', 'Escape')
  await lab.reaches(id, 'ready')
  expect(await lab.get(id)).toMatchObject({ conversation: id, deepLink })
  await lab.end()
  await lab.boot()
  expect(await lab.reaches(id, 'ready')).toMatchObject({ conversation: id, deepLink, pid })
})

test('a conversation that a person continues by hand refuses a resume', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  await type(lab, 'foo', 'SAY hello')
  await until(
    async () => (await lab.tmux('capture-pane', '-p', '-t', '=foo:')).split('hello').length > 2,
    { what: 'the answer' },
  )
  await lab.reaches(id, 'ready')
  const { conversation } = await stop(lab, id)
  const claude = [join(lab.dir, 'bin/claude'), '--resume', conversation!]
  const folder = join(lab.root, 'foo')
  await lab.tmux('new-session', '-d', '-s', 'by-hand', '-c', folder, '--', ...claude)
  const pid = await until(
    () => [...registered(lab)].find(([, { sessionId }]) => sessionId === conversation)?.[0],
    { what: 'the one by hand' },
  )
  await looked(lab)
  const refused = await lab.call('POST', `/api/v1/instances/${id}/resume`)
  expect([refused.status, refused.body.error.code]).toEqual([409, 'already_running'])
  expect(refused.body.error.message).toContain(String(pid))
  await lab.tmux('kill-session', '-t', '=by-hand')
  await until(() => !existsSync(`/proc/${pid}`), { what: 'its end' })
  expect((await lab.call('POST', `/api/v1/instances/${id}/resume`)).status).toBe(201)
  expect((await lab.reaches(id, 'ready')).conversation).toBe(conversation)
})

test('the conversation that /clear began is the known one after a crash of the machine', async ({
  lab,
}) => {
  const foo = await readyFoo(lab)
  const { id } = foo
  const cleared = await clear(lab, foo)
  await until(() => readFileSync(join(lab.stateDir, 'state.json'), 'utf8').includes(cleared), {
    what: 'it on the disk',
  })
  const server = await serverPid(lab)
  await lab.end('SIGKILL')
  process.kill(server, 'SIGKILL')
  await until(() => lab.processesOf().length === 0, { what: 'no agent left' })
  await lab.boot()
  expect((await lab.reaches(id, 'error')).conversation).toBe(cleared)
})

test('a live agent whose registry file names another’s conversation does not block the other’s resume', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  const file = join(lab.home, '.claude/sessions', `${foo.pid}.json`)
  // Claude may just be writing it.
  const own = await until(() => JSON.parse(readFileSync(file, 'utf8')), { what: 'its file' })
  writeFileSync(file, JSON.stringify({ ...own, sessionId: bar.conversation }))
  await looked(lab)
  await stop(lab, bar.id)
  expect((await lab.get(foo.id)).conversation).toBe(foo.conversation)
  expect((await lab.call('POST', `/api/v1/instances/${bar.id}/resume`)).status).toBe(201)
})
