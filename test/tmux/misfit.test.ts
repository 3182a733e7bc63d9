// The tmux on lab's PATH and the running server do not understand each other: after an upgrade or a
// rollback across 3.6. Every machine has a stand-in for the other tmux, which acts as tmux then does; a
// real one is used, too, where LAB_OTHER_TMUX names it.
import { execFileSync } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test as plainTest } from 'vitest'
import { createServerProgram } from '../../src/tmux/client/server-program.ts'
import { isAtLeast, parseSocket } from '../../src/tmux/client/socket.ts'
import { messagesOf, mockLog } from '../fixtures/log.ts'
import { test, type TmuxSandbox } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'
import { clients, contents, onTerminal, open, openBare, session, shows, typist } from './opened.ts'

const real = execFileSync('sh', ['-c', 'command -v tmux && tmux -V'], { encoding: 'utf8' })
const [realPath = '', realVersion = ''] = real.trim().split(/\ntmux /)
/** A version that speaks the other way. */
const otherVersion = isAtLeast(realVersion, '3.6') ? '3.5a' : '3.8'

const kinds = {
  // Attaching in whatever way never brings anything.
  'newer than its server': `case " $* " in *" -C "* | *" attach "*) exec sleep 1000 ;; esac
    exec ${realPath} "$@"`,
  // It takes every answer for the server's end; without a server it says what any tmux says.
  'older than its server': `${realPath} "$@" >"$0.out" 2>&1
    grep -E 'error connecting|no server running' "$0.out" >&2 || echo 'server exited unexpectedly' >&2
    exit 1`,
}
type Kind = keyof typeof kinds

/** A tmux of the other kind, which writes down every call. */
async function otherTmux(sandbox: TmuxSandbox, kind: Kind, version = otherVersion) {
  const path = join(sandbox.dir, `other-${version}`)
  const script = `#!/bin/sh
    [ "$1" = -V ] && { echo 'tmux ${version}'; exit; }
    echo "$*" >>'${path}.calls'
    ${kinds[kind]}
  `
  await writeFile(path, script, { mode: 0o755 })
  return { path, calls: () => readFile(`${path}.calls`, 'utf8').catch(() => '') }
}

const named: readonly (readonly [string, (sandbox: TmuxSandbox) => Promise<string>])[] = [
  ...(Object.keys(kinds) as Kind[]).map((kind) => [kind, async (sandbox: TmuxSandbox) => (await otherTmux(sandbox, kind)).path] as const), // prettier-ignore
  ...(!process.env['LAB_OTHER_TMUX']
    ? []
    : [['a real one of the other kind', () => Promise.resolve(process.env['LAB_OTHER_TMUX']!)] as const]), // prettier-ignore
]

describe.each(clients)('with the %s client', (client) => {
  test.for(named)(
    'tmux %s is left aside: lab starts, types, reads and attaches by the server’s own program',
    async ([, otherPath], { sandbox }) => {
      const tmuxPath = await otherPath(sandbox)
      const typed = join(sandbox.dir, 'typed')
      const first = await open(sandbox, { client })
      const before = await first.newSession(session(sandbox))
      await first.close()
      const { server } = await first.list().catch(() => ({ server: null }))
      expect(server).toBeNull()

      const tmux = await open(sandbox, { client, tmuxPath })
      const listing = await tmux.list()
      expect(listing.sessions).toMatchObject([{ name: 'foo', pane: { pid: before.pid } }])
      const own = `/proc/${listing.server!.pid}/exe`
      await until(() => tmux.argv[0] === own, { what: `the program ${own}` })
      expect(tmux.misfit()).toEqual({ server: realVersion, isBridged: true })
      const { paneId } = await tmux.newSession(
        session(sandbox, { name: 'bar', argv: typist(typed) }),
      )
      await shows(tmux, paneId, 'ready')
      await tmux.typeText(paneId, 'hello')
      expect(await contents(typed)).toBe('hello')
      const attach = tmux.attachArgv({ name: 'bar' })
      expect(attach).toEqual([own, '-L', sandbox.socket, 'attach', '-t', '=bar:'])
      await onTerminal(sandbox, attach)
      const attached = async () => (await tmux.list()).sessions.find(({ name }) => name === 'bar')
      await until(async () => (await attached())?.attached === 1, { what: 'a terminal' })
      const controls = await sandbox.tmux('list-clients', '-F', '#{client_control_mode}')
      expect(controls.split('\n').filter((one) => one === '1')).toHaveLength(
        client === 'control' ? 2 : 0,
      )

      await sandbox.tmux('kill-server')
      await until(async () => (await tmux.list()).server === null, { what: 'no server' })
      expect(tmux.argv).toEqual(['tmux', '-L', sandbox.socket])
      expect(tmux.misfit()).toBeNull()
    },
  )
})

test('tmux that is replaced while lab is connected is left aside once lab sees it', async ({
  sandbox,
}) => {
  const same = await otherTmux(sandbox, 'newer than its server', realVersion)
  await writeFile(same.path, `#!/bin/sh\nexec ${realPath} "$@"\n`, { mode: 0o755 })
  const tmux = await open(sandbox, { client: 'control', tmuxPath: same.path })
  await tmux.newSession(session(sandbox))
  const { server } = await tmux.list()
  expect(tmux.argv[0]).toBe('tmux')
  await rename((await otherTmux(sandbox, 'newer than its server')).path, same.path)
  await until(
    async () => {
      await tmux.list()
      return tmux.argv[0] === `/proc/${server!.pid}/exe`
    },
    { what: 'the server’s own program' },
  )
  expect(tmux.version).toBe(otherVersion)
})

test('without the server’s program, a newer tmux still lists and starts, and never tries to connect', async ({
  sandbox,
}) => {
  await sandbox.tmux('new-session', '-d', '-s', 'mine', 'exec sleep 1000')
  const other = await otherTmux(sandbox, 'newer than its server')
  const script = (await readFile(other.path, 'utf8')).replace(
    'case ',
    // The pid of a process that is no tmux server, which is as good as one that lab may not read.
    `case "$*" in *'#{pid} #{version}'*) echo "${process.pid} ${realVersion}"; exit ;; esac\ncase `,
  )
  await writeFile(other.path, script, { mode: 0o755 })
  const log = mockLog()
  const tmux = await open(sandbox, {
    client: 'control',
    tmuxPath: other.path,
    log,
  })
  await tmux.newSession(session(sandbox))
  for (let i = 0; i < 5; i++)
    expect((await tmux.list()).sessions.map(({ name }) => name)).toEqual(['foo', 'mine'])
  expect(tmux.misfit()).toEqual({ server: realVersion, isBridged: false })
  expect(tmux.argv).toEqual(['tmux', '-L', sandbox.socket])
  expect(await other.calls()).not.toContain(' -C ')
  const warnings = messagesOf(log, 'warn')
  expect(warnings.filter((text) => text.includes('do not understand each other'))).toHaveLength(2)
})

plainTest(
  'a server whose program lab may not run, and that it cannot read, is a misfit without a version',
  async () => {
    const program = createServerProgram({
      server: parseSocket('/nowhere/at/all'),
      tmuxPath: 'tmux',
      version: realVersion,
      env: { PATH: process.env['PATH'] ?? '' },
      timeoutMs: 10_000,
      spawn: () => Promise.resolve({ kind: 'unavailable', stderr: 'server exited unexpectedly' }),
      onChange: () => {},
      log: mockLog(),
    })
    expect(await program.run([['list-panes']])).toMatchObject({ kind: 'unavailable' })
    expect(program.misfit()).toEqual({ server: null, isBridged: false })
    expect(program.mayConnect()).toBe(false)
    expect(program.path()).toBe('tmux')
  },
)

test('a PATH that holds what is no folder does not keep tmux from being used', async ({
  sandbox,
}) => {
  const file = join(sandbox.dir, 'file')
  await writeFile(file, '')
  const env = { ...sandbox.env, PATH: `${file}:${sandbox.env['PATH']}` }
  const tmux = await open(sandbox, { client: 'control', env })
  await tmux.newSession(session(sandbox))
  expect((await tmux.list()).sessions).toMatchObject([{ name: 'foo' }])
})

test('a version close by is no misfit', async ({ sandbox }) => {
  const near = isAtLeast(realVersion, '3.6') ? '3.9' : '3.5a'
  const path = join(sandbox.dir, 'near')
  const script = `#!/bin/sh\n[ "$1" = -V ] && { echo 'tmux ${near}'; exit; }\nexec ${realPath} "$@"\n`
  await writeFile(path, script, { mode: 0o755 })
  const tmux = await openBare(sandbox, { client: 'control', tmuxPath: path })
  await tmux.setOwner({ pid: process.pid, procStart: '1' })
  await tmux.newSession(session(sandbox))
  await tmux.list()
  expect(tmux.misfit()).toBeNull()
  expect(tmux.argv[0]).toBe('tmux')
})
