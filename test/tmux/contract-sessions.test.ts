// The adapter's promise about sessions and their ends, on a real tmux, once per client.
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { InvalidRequest, TmuxFailed, TmuxUnavailable } from '../../src/errors.ts'
import { keeperArgv } from '../../src/tmux/keeper.ts'
import { test } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'
import { clients, contents, open, openBare, owner, session, shows, typist } from './opened.ts'

describe.each(clients)('with the %s client', (client) => {
  describe('exactly the session that is meant', () => {
    test.for([
      ['foo', 'foo~2'],
      ['foo~2', 'foo'],
    ] as const)(
      'with `%s` dead and `%s` alive, each call hits the one it names',
      async ([dead, alive], { sandbox }) => {
        const tmux = await open(sandbox, { client })
        const typed = join(sandbox.dir, 'typed')
        const argv = ['sh', '-c', `printf 'I am ${dead}'; read line; exit 1`]
        const gone = await tmux.newSession(session(sandbox, { name: dead, argv }))
        const here = await tmux.newSession(session(sandbox, { name: alive, argv: typist(typed) }))
        await shows(tmux, here.paneId, 'ready')
        // It dies once its words are on the screen: without a keeper, tmux may lose what it says last.
        await shows(tmux, gone.paneId, `I am ${dead}`)
        await tmux.pressKeys(gone.paneId, ['Enter'])
        await until(async () => (await tmux.list()).sessions.find((s) => s.pane?.dead), {
          what: 'a death',
        })

        expect(await tmux.capture(gone.paneId, 10)).toEqual([`I am ${dead}`])
        await expect(tmux.typeText(gone.paneId, 'lost')).rejects.toThrow(TmuxFailed)
        await expect(tmux.pressKeys(gone.paneId, ['Enter'])).rejects.toThrow(TmuxFailed)
        await tmux.typeText(here.paneId, 'kept')
        expect(await contents(typed)).toBe('kept')

        await tmux.killPane({ paneId: gone.paneId, id: `id of ${dead}` })
        await tmux.killPane({ paneId: gone.paneId, id: `id of ${dead}` })
        await expect(tmux.typeText(gone.paneId, 'lost')).rejects.toThrow(/can't find pane/)
        await expect(tmux.capture(gone.paneId, 10)).rejects.toThrow(/can't find pane/)
        const { sessions } = await tmux.list()
        expect(sessions.map((s) => [s.name, s.pane?.dead])).toEqual([[alive, false]])
        expect(await tmux.capture(here.paneId, 10)).toEqual(['ready'])
      },
    )

    test('a pane with another mark is never ended, whatever id it has', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const metadata = { id: 'a,b}#{pid} "\'; %1' }
      const { paneId } = await tmux.newSession(session(sandbox, { metadata }))
      await sandbox.tmux('new-session', '-d', '-s', 'mine', 'sleep 1000')
      const mine = await sandbox.tmux('display-message', '-p', '-t', '=mine:', '#{pane_id}')
      await tmux.killPane({ paneId: mine, id: metadata.id })
      await tmux.killPane({ paneId, id: 'a,b' })
      const names = async (): Promise<string[]> =>
        (await tmux.list()).sessions.map(({ name }) => name).toSorted()
      expect(await names()).toEqual(['foo', 'mine'])
      await tmux.killPane({ paneId, id: metadata.id })
      expect(await names()).toEqual(['mine'])
    })

    test('a pane in which a person started something else is no agent’s, and is never ended', async ({
      sandbox,
    }) => {
      const tmux = await open(sandbox, { client })
      const { paneId } = await tmux.newSession(session(sandbox))
      expect((await tmux.list()).sessions[0]?.pane).toMatchObject({ paneId })
      await sandbox.tmux('respawn-pane', '-k', '-t', paneId, 'exec sleep 1000')
      const seen = async () => (await tmux.list()).sessions.map(({ name, pane }) => [name, pane])
      expect(await seen()).toEqual([['foo', null]])
      await tmux.killPane({ paneId, id: 'id of foo' })
      expect(await seen()).toEqual([['foo', null]])
      // Nor when that has ended, though since 3.8 its pane has no pid any more.
      await sandbox.tmux('respawn-pane', '-k', '-t', paneId, 'exit 3')
      const dead = async () => sandbox.tmux('display-message', '-p', '-t', paneId, '#{pane_dead}')
      await until(async () => (await dead()) === '1', { what: 'their end' })
      expect(await seen()).toEqual([['foo', null]])
      await tmux.killPane({ paneId, id: 'id of foo' })
      expect(await dead()).toBe('1')
    })

    test('a target that is no id is a bug, not a search', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      await tmux.newSession(session(sandbox))
      await expect(tmux.killPane({ paneId: 'foo', id: 'x' })).rejects.toThrow(TypeError)
      await expect(tmux.killPane({ paneId: '%', id: 'x' })).rejects.toThrow(TypeError)
      await expect(tmux.capture('=foo:', 1)).rejects.toThrow(TypeError)
      await expect(tmux.typeText('$0', 'x')).rejects.toThrow(TypeError)
      await expect(tmux.pressKeys('%1;kill-server', ['Enter'])).rejects.toThrow(TypeError)
      expect((await tmux.list()).sessions).toHaveLength(1)
    })

    test('a second session of the same name is refused and the first untouched', async ({
      sandbox,
    }) => {
      const tmux = await open(sandbox, { client })
      const first = await tmux.newSession(session(sandbox))
      await expect(
        tmux.newSession(session(sandbox, { metadata: { id: 'other' } })),
      ).rejects.toSatisfy(
        (error) => error instanceof TmuxFailed && error.stderr.includes('duplicate session'),
      )
      const { sessions } = await tmux.list()
      expect(sessions).toMatchObject([{ sessionId: first.sessionId, lab: { id: 'id of foo' } }])
    })

    test('a name that tmux would rewrite, expand or misread is refused', async ({ sandbox }) => {
      const tmux = await openBare(sandbox, { client })
      const odd = ['_lab', '', '-x', 'a:b', 'a.b', '#{pid}', '=a', 'a b', 'é', 'x'.repeat(101)]
      for (const name of odd)
        await expect(tmux.newSession(session(sandbox, { name })), name).rejects.toThrow(
          InvalidRequest,
        )
    })
  })
  describe('how an agent ended', () => {
    test.for([
      ['at once with 3', ['sh', '-c', 'echo last words; exit 3'], '3'],
      ['killed', ['sh', '-c', 'echo last words; kill -KILL $$'], '137'],
      ['by a fault', ['sh', '-c', 'printf "last words"; kill -SEGV $$'], '139'],
      ['because it is missing', ['/nowhere/last words'], '127'],
    ] as const)(
      '%s is in the note, and its last lines stay on the screen',
      async ([, argv, status], { sandbox }) => {
        const tmux = await open(sandbox, { client })
        const noteFile = join(sandbox.dir, 'note')
        const { paneId } = await tmux.newSession(
          session(sandbox, { argv: keeperArgv({ nofile: 64, noteFile, argv }) }),
        )
        expect(await contents(noteFile)).toBe(status)
        await until(async () => (await tmux.list()).sessions[0]?.pane?.dead, {
          what: 'a dead pane',
        })
        const lines = await tmux.capture(paneId, 5)
        expect(lines).toHaveLength(1)
        expect(lines[0]).toContain('last words')
        if (argv[0] === 'sh') expect(lines).toEqual(['last words'])
        const { pane } = (await tmux.list()).sessions[0]!
        // tmux's own record is lost for many deaths on builds with utempter; where it is kept it agrees.
        expect([Number(status), null]).toContain(pane?.deadStatus)
      },
    )

    test('the agent pane is told from others, wherever a person moved it', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, sessionId, pid } = await tmux.newSession(session(sandbox))
      const { paneId: other } = await tmux.newSession(session(sandbox, { name: 'other' }))
      await sandbox.tmux('split-window', '-b', '-t', paneId, 'exec sleep 1000')
      await sandbox.tmux('select-pane', '-t', paneId, '-T', '✳ a | b: c %end 1 2 1')
      const find = async () => (await tmux.list()).sessions.find((s) => s.sessionId === sessionId)
      expect((await find())?.pane).toMatchObject({
        paneId,
        pid,
        title: expect.stringContaining('✳ a | b: c'),
      })
      await sandbox.tmux('join-pane', '-d', '-s', paneId, '-t', other)
      expect((await find())?.pane).toMatchObject({ paneId, pid })
      await sandbox.tmux('kill-pane', '-t', paneId)
      expect(await find()).toMatchObject({ name: 'foo', pane: null, lab: { id: 'id of foo' } })
    })
  })
  describe('the owner', () => {
    test('is kept on the server, in a session that explains itself', async ({ sandbox }) => {
      const tmux = await openBare(sandbox, { client })
      expect(await tmux.owner()).toBeNull()
      await tmux.setOwner(owner)
      expect(await tmux.owner()).toEqual(owner)
      await tmux.close()
      const next = await openBare(sandbox, { client })
      expect(await next.owner()).toEqual(owner)
      // Nobody takes it from a holder that it has not seen.
      await expect(next.setOwner({ pid: 1, procStart: '2 3' })).rejects.toThrow(TmuxUnavailable)
      expect(await next.owner()).toEqual(owner)
      await next.setOwner({ pid: 1, procStart: '2 3' }, owner)
      expect(await next.owner()).toEqual({ pid: 1, procStart: '2 3' })
      await until(
        async () =>
          /belongs to lab[^]*C-b d/.test(await sandbox.tmux('capture-pane', '-p', '-t', '=_lab:')),
        { what: 'the explanation' },
      )
    })
  })
})
