// The three kinds of server: lab's own, the operator's own, another unit's.
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { TmuxUnavailable } from '../../../src/errors.ts'
import { encodeValue } from '../../../src/tmux/listing.ts'
import { test } from '../../fixtures/tmux.ts'
import { until } from '../../fixtures/until.ts'
import { clients, onTerminal, open, openBare, owner, session, shows } from '../opened.ts'

const counting = [
  'sh',
  '-c',
  'i=0; while [ $i -lt 3000 ]; do echo $((i+=1)); done; exec sleep 1000',
]

describe.each(clients)('with the %s client', (client) => {
  test("lab's own server is set up, whoever starts first, and outlives its last session", async ({
    sandbox,
  }) => {
    const tmux = await openBare(sandbox, { client })
    await tmux.newSession(session(sandbox, { historyLimit: 1234 }))
    expect(await sandbox.tmux('show-options', '-sv', 'exit-empty')).toBe('off')
    expect(await sandbox.tmux('show-options', '-gv', 'history-limit')).toBe('1234')
    await tmux.setOwner(owner)
    expect(await tmux.owner()).toEqual(owner)
    expect((await tmux.list()).sessions).toHaveLength(1)
  })

  test('variables of a session that started the server are not in the process list', async ({
    sandbox,
  }) => {
    const tmux = await openBare(sandbox, { client })
    await tmux.newSession(session(sandbox, { env: { TOKEN: 'hush' } }))
    const { server } = await tmux.list()
    const { readFile } = await import('node:fs/promises')
    expect(await readFile(`/proc/${server!.pid}/cmdline`, 'utf8')).not.toContain('hush')
  })

  test("on the operator's own server nothing global changes, and plain tmux shows and opens the instance", async ({
    sandbox,
  }) => {
    await sandbox.plainTmux('-f', '/dev/null', 'new-session', '-d', '-s', 'mine', 'exec sleep 1000')
    const globals = async () =>
      Promise.all(['-g', '-s', '-gw'].map((scope) => sandbox.plainTmux('show-options', scope)))
    const before = await globals()
    const tmux = await open(sandbox, { client, socket: 'default' })
    expect(tmux.argv).toEqual(['tmux'])
    const name = 'foo~2~fix'
    const { paneId } = await tmux.newSession(
      session(sandbox, { name, historyLimit: 5000, argv: counting }),
    )
    await shows(tmux, paneId, '3000')
    expect(await tmux.capture(paneId, 2900)).toHaveLength(2900)
    await expect(tmux.newSession(session(sandbox, { name, historyLimit: 5000 }))).rejects.toThrow(
      'duplicate session',
    )
    expect(await globals()).toEqual(before)

    expect(await sandbox.plainTmux('ls', '-F', '#{session_name}')).toContain(name)
    expect(tmux.attachArgv({ name })).toEqual(['tmux', 'attach', '-t', `=${name}:`])
    await onTerminal(sandbox, tmux.attachArgv({ name }))
    await until(
      async () => (await tmux.list()).sessions.find((s) => s.name === name)?.attached === 1,
      { what: 'a terminal on the instance' },
    )
  })

  test.for(['default', 'own'] as const)(
    'a start on the %s server leaves the history of every other pane',
    async (kind, { sandbox }) => {
      const at = kind === 'own' ? ['-L', sandbox.socket] : []
      const plain = (...args: readonly string[]) => sandbox.plainTmux(...at, ...args)
      const socket = kind === 'own' ? sandbox.socket : 'default'
      const tmux = await open(sandbox, { client, socket })
      const [sh, c, script] = counting as [string, string, string]
      await plain('set-option', '-g', 'history-limit', '5000')
      await plain('new-session', '-d', '-s', 'mine', '-x', '200', '-y', '50', '--', sh, c, script)
      const mine = async () =>
        (await plain('capture-pane', '-p', '-t', '=mine:', '-S', '-')).split('\n')
      await until(async () => (await mine()).at(-1) === '3000', { what: 'their lines' })
      const before = await mine()
      const first = await tmux.newSession(session(sandbox, { historyLimit: 4000, argv: counting }))
      await shows(tmux, first.paneId, '3000')
      await tmux.newSession(session(sandbox, { name: 'bar', historyLimit: 10 }))
      expect(await mine()).toEqual(before)
      expect(await tmux.capture(first.paneId, 2900)).toHaveLength(2900)
    },
  )

  test('an agent outlives lab on a server that is told to end what no terminal looks at', async ({
    sandbox,
  }) => {
    const plain = (...args: readonly string[]) => sandbox.plainTmux(...args)
    const config = 'set -g destroy-unattached on\nset -s exit-unattached on\n'
    await writeFile(join(sandbox.dir, '.tmux.conf'), config)
    const tmux = await open(sandbox, { client, socket: 'default' })
    const { paneId, pid } = await tmux.newSession(session(sandbox))
    await tmux.close()
    const seen = async () => plain('-N', 'list-panes', '-a', '-F', '#{pane_id} #{pane_pid}')
    expect(await seen()).toContain(`${paneId} ${pid}`)
    const next = await open(sandbox, { client, socket: 'default' })
    expect((await next.list()).sessions).toMatchObject([{ pane: { paneId, pid } }])
    // Their configuration is read again, while a terminal of theirs is there: lab sees it.
    await onTerminal(sandbox, ['tmux', 'attach', '-t', '=foo:'])
    await until(async () => (await next.list()).sessions[0]?.attached === 1, { what: 'a terminal' })
    await plain('set-option', '-s', 'exit-unattached', 'on')
    await next.list()
    expect(await plain('show-options', '-sv', 'exit-unattached')).toBe('off')
    // A session of the operator's own goes as they want it.
    expect(await plain('show-options', '-gv', 'destroy-unattached')).toBe('on')
  })

  test("what a person chooses on lab's own server stays over later starts", async ({ sandbox }) => {
    const tmux = await open(sandbox, { client })
    expect(await sandbox.tmux('show-options', '-gv', 'mouse')).toBe('on')
    await sandbox.tmux('set-option', '-g', 'mouse', 'off')
    await tmux.newSession(session(sandbox))
    expect(await sandbox.tmux('show-options', '-gv', 'mouse')).toBe('off')
  })

  test("the operator's own server is started when it is not there", async ({ sandbox }) => {
    const tmux = await open(sandbox, { client, socket: 'default' })
    await tmux.newSession(session(sandbox, { historyLimit: 3000 }))
    expect(await sandbox.plainTmux('ls', '-F', '#{session_name}')).toBe('_lab\nfoo')
    expect(await sandbox.plainTmux('show-options', '-gv', 'history-limit')).toBe('2000')
  })

  test.for([
    ['renames it', 'rename-session work'],
    ['would give it a name that is taken', 'rename-session mine'],
    ['opens a pane beside it', 'split-window'],
    ['opens a pane before it', 'split-window -hb'],
    ['opens a window', 'new-window'],
  ] as const)(
    "on a server whose hook %s, a new session's own pane is the agent's",
    async ([, hook], { sandbox }) => {
      const plain = (...args: readonly string[]) => sandbox.plainTmux(...args)
      await plain('-f', '/dev/null', 'new-session', '-d', '-s', 'mine', 'exec sleep 1000')
      const tmux = await open(sandbox, { client, socket: 'default' })
      await plain('set-hook', '-g', 'after-new-session', hook)
      const made = await tmux.newSession(session(sandbox, { historyLimit: 3000 }))
      const { sessions } = await tmux.list()
      const { paneId, pid } = made
      const own = { sessionId: made.sessionId, pane: { paneId, pid }, lab: { id: 'id of foo' } }
      expect(sessions.filter(({ lab }) => lab)).toMatchObject([own])
      const panes = await plain(
        'list-panes',
        '-a',
        '-F',
        '#{remain-on-exit} #{@lab_agent} #{pane_id}',
      )
      const kept = panes.split('\n').filter((line) => line.startsWith('on'))
      expect(kept).toEqual([`on ${encodeValue('id of foo')} ${paneId}`])
      expect(await plain('show-options', '-gv', 'history-limit')).toBe('2000')
      await tmux.killPane({ paneId, id: 'id of foo' })
      expect((await plain('list-panes', '-a', '-F', '#{pane_id}')).split('\n')).not.toContain(
        paneId,
      )
    },
  )

  test("lab's own session is one and the same, whatever others call it", async ({ sandbox }) => {
    const plain = (...args: readonly string[]) => sandbox.plainTmux(...args)
    await plain('-f', '/dev/null', 'new-session', '-d', '-s', 'mine', 'exec sleep 1000')
    await plain('set-hook', '-g', 'after-new-session', 'rename-session "work-#{session_name}"')
    const self = async () =>
      (await plain('ls', '-F', '#{session_id} #{session_name}'))
        .split('\n')
        .filter((line) => line !== '$0 mine')
    for (const name of ['work-_lab', 'work-_lab', "it's | mine", 'mine-2']) {
      const tmux = await open(sandbox, { client, socket: 'default' })
      expect(await tmux.owner()).toEqual(owner)
      expect((await tmux.list()).sessions.map((one) => one.name)).toEqual(['mine'])
      await tmux.close()
      await plain('rename-session', '-t', '$1:', name)
      expect(await self()).toEqual([`$1 ${name}`])
    }
  })

  test("of two that make lab's own session at once under a hook that renames it, one holds the server", async ({
    sandbox,
  }) => {
    for (const socket of ['a', 'b', 'c', 'd']) {
      const plain = (...args: readonly string[]) => sandbox.plainTmux('-L', socket, ...args)
      await plain('-f', '/dev/null', 'new-session', '-d', '-s', 'mine', 'exec sleep 1000')
      await plain('set-hook', '-g', 'after-new-session', 'rename-session "work-#{session_name}"')
      const both = await Promise.all([1, 2].map(() => openBare(sandbox, { client, socket })))
      const results = await Promise.allSettled(
        both.map((tmux, i) => tmux.setOwner({ pid: i + 1, procStart: '1' })),
      )
      const holders = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i + 1] : []))
      expect(holders).toHaveLength(1)
      for (const tmux of both) expect((await tmux.owner())?.pid).toBe(holders[0])
      expect((await plain('ls')).split('\n')).toHaveLength(2)
    }
  })

  test("lab's own server that lost its socket opens it again at the next call, and no second one is made", async ({
    sandbox,
  }) => {
    const tmux = await openBare(sandbox, { client })
    await tmux.newSession(session(sandbox))
    const { server } = await tmux.list()
    await rm(await sandbox.tmux('display-message', '-p', '#{socket_path}'))
    await tmux.newSession(session(sandbox, { name: 'bar', metadata: { id: 'id of bar' } }))
    const listing = await tmux.list()
    expect(listing.server?.pid).toBe(server!.pid)
    expect(listing.sessions.map(({ name }) => name).toSorted()).toEqual(['bar', 'foo'])
    expect(await sandbox.tmux('display-message', '-p', '#{pid}')).toBe(`${server!.pid}`)
  })

  test("the operator's own server that lost its socket gets no second one beside it, and is named with the remedy", async ({
    sandbox,
  }) => {
    await sandbox.plainTmux('-f', '/dev/null', 'new-session', '-d', '-s', 'mine', 'exec sleep 1000')
    const [pid, path] = (
      await sandbox.plainTmux('display-message', '-p', '#{pid} #{socket_path}')
    ).split(' ')
    const tmux = await openBare(sandbox, { client, socket: 'default' })
    await rm(path!)
    for (const call of [() => tmux.list(), () => tmux.newSession(session(sandbox))]) {
      const refused = await call().catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(TmuxUnavailable)
      expect((refused as Error).message).toContain(`kill -USR1 ${pid}`)
    }
    process.kill(Number(pid), 'SIGUSR1')
    await until(() => existsSync(path!), { what: 'its socket' })
    expect((await tmux.list()).sessions.map(({ name }) => name)).toEqual(['mine'])
  })

  test("another unit's server is used, and never started", async ({ sandbox }) => {
    const socket = join(sandbox.dir, 's')
    const tmux = await openBare(sandbox, { client, socket })
    expect(tmux.argv).toEqual(['tmux', '-S', socket])
    expect(await tmux.list()).toEqual({ server: null, sessions: [] })
    await expect(tmux.setOwner(owner)).rejects.toThrow(TmuxUnavailable)
    await expect(tmux.newSession(session(sandbox))).rejects.toThrow(TmuxUnavailable)
    await expect(tmux.newSession(session(sandbox, { historyLimit: 3000 }))).rejects.toThrow(
      TmuxUnavailable,
    )
    await expect(sandbox.plainTmux('-N', '-S', socket, 'ls')).rejects.toThrow()

    await sandbox.plainTmux(
      '-f',
      '/dev/null',
      '-S',
      socket,
      'start-server',
      ';',
      'set',
      '-s',
      'exit-empty',
      'off',
    )
    await tmux.setOwner(owner)
    const { paneId } = await tmux.newSession(
      session(sandbox, { historyLimit: 5000, argv: counting }),
    )
    await shows(tmux, paneId, '3000')
    expect(await tmux.capture(paneId, 2900)).toHaveLength(2900)
    expect(await sandbox.plainTmux('-S', socket, 'show-options', '-gv', 'history-limit')).toBe(
      '2000',
    )
  })
})
