// The adapter's promise about listings, on a real tmux, once per client.
import { describe, expect } from 'vitest'
import { TmuxUnavailable } from '../../src/errors.ts'
import { test } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'
import { clients, onTerminal, open, openBare, session } from './opened.ts'

describe.each(clients)('with the %s client', (client) => {
  describe('a listing', () => {
    test('of no server is empty and starts none', async ({ sandbox }) => {
      const tmux = await openBare(sandbox, { client })
      expect(await tmux.list()).toEqual({ server: null, sessions: [] })
      expect(await tmux.owner()).toBeNull()
      await tmux.killPane({ paneId: '%1', id: 'x' })
      await expect(tmux.capture('%1', 10)).rejects.toThrow(TmuxUnavailable)
      await expect(sandbox.tmux('-N', 'ls')).rejects.toThrow(/error connecting|no server/)
    })

    test('of a server without sessions names the server, which stays', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId } = await tmux.newSession(session(sandbox))
      const { server } = await tmux.list()
      await tmux.killPane({ paneId, id: 'id of foo' })
      expect(await tmux.list()).toEqual({ server, sessions: [] })
      await tmux.close()
      await sandbox.tmux('kill-session', '-t', '=_lab')
      const next = await openBare(sandbox, { client })
      expect(await next.list()).toEqual({ server, sessions: [] })
      expect(server?.pid).toBeGreaterThan(1)
      expect(server?.startedAt).toBeGreaterThan(1_700_000_000)
    })

    test('has the metadata of a new session, also when two run at once', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const metadata = { id: 'a', fresh: 'x' }
      await tmux.newSession(session(sandbox, { metadata }))
      const listings = await Promise.all([1, 2, 3].map(() => tmux.list()))
      for (const { sessions } of listings) expect(sessions[0]?.lab).toEqual(metadata)
    })

    test("shows foreign sessions by whatever name, and lab's own never", async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const names = ['a b', 'x|y', '%end 1 2 1', "it's", '$1', 'é😀', 'foo~2~x', '#{pid}x']
      for (const [i, name] of names.entries()) {
        await sandbox.tmux('new-session', '-d', '-s', `f${i}`, 'exec sleep 1000')
        await sandbox.tmux('rename-session', '-t', `=f${i}`, name.replaceAll('#', '##'))
        await sandbox.tmux('set-option', '-t', `=${name}:`, '@lab_label', `|:\n${name}`)
      }
      const { sessions } = await tmux.list()
      expect(sessions.map((s) => s.name).sort()).toEqual([...names].sort())
      for (const s of sessions) expect(s).toMatchObject({ lab: null, pane: null, attached: 0 })
      const self = await sandbox.tmux('ls', '-F', '#{session_name}')
      expect(self.split('\n')).toContain('_lab')
      await sandbox.tmux('rename-session', '-t', '=_lab', 'renamed')
      expect((await tmux.list()).sessions).toHaveLength(names.length)
    })

    test('keeps agent, metadata and title of a session that a person renames, whatever tmux makes of the name', async ({
      sandbox,
    }) => {
      const tmux = await open(sandbox, { client })
      const metadata = { id: 'a', label: 'x:y' }
      const made = await tmux.newSession(session(sandbox, { metadata }))
      await sandbox.tmux('select-pane', '-t', made.paneId, '-T', 'a: title | b')
      await sandbox.tmux('new-session', '-d', '-s', 'other', 'exec sleep 1000')
      const other = await sandbox.tmux('display-message', '-p', '-t', '=other:', '#{session_id}')
      for (const name of ['fix: login', 'v1.2', ':', 'a|b:c:', 'é😀:']) {
        await sandbox.tmux('rename-session', '-t', `${made.sessionId}:`, name)
        await sandbox.tmux('rename-session', '-t', `${other}:`, `not ${name}`)
        const shown = async (id: string): Promise<string> =>
          sandbox.tmux('display-message', '-p', '-t', `${id}:`, '#{session_name}')
        const { paneId, pid, sessionId } = made
        const { sessions } = await tmux.list()
        expect(sessions).toHaveLength(2)
        expect(sessions.find((one) => one.sessionId === sessionId)).toMatchObject({
          name: await shown(sessionId),
          lab: metadata,
          pane: { paneId, pid, title: 'a: title | b' },
        })
        const foreign = { sessionId: other, name: await shown(other), lab: null, pane: null }
        expect(sessions).toContainEqual(expect.objectContaining(foreign))
      }
    })

    test('is not broken by metadata that somebody else wrote', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      await tmux.newSession(session(sandbox))
      await sandbox.tmux('new-session', '-d', '-s', 'odd', 'exec sleep 1000')
      for (const [key, value] of [
        ['id', 'a|b:c\n%end 1 2 1'],
        ['keys', 'path,,x y,#{pid}'],
        ['path', '100%:|\n'],
      ] as const)
        await sandbox.tmux('set-option', '-t', '=odd:', `@lab_${key}`, value)
      const { sessions } = await tmux.list()
      expect(sessions.map((s) => s.name).sort()).toEqual(['foo', 'odd'])
      expect(sessions.find((s) => s.name === 'foo')?.lab).toEqual({ id: 'id of foo' })
    })

    test('counts the terminals that are attached, and attachArgv attaches one', async ({
      sandbox,
    }) => {
      const tmux = await open(sandbox, { client })
      await tmux.newSession(session(sandbox, { name: 'foo~2' }))
      await tmux.newSession(session(sandbox, { name: 'foo~2~fix' }))
      expect(tmux.attachArgv({ name: 'foo~2' })).toEqual([
        'tmux',
        '-L',
        sandbox.socket,
        'attach',
        '-t',
        '=foo~2:',
      ])
      await onTerminal(sandbox, tmux.attachArgv({ name: 'foo~2' }))
      const attached = () =>
        tmux.list().then(({ sessions }) => sessions.map((s) => `${s.name} ${s.attached}`).sort())
      await until(async () => (await attached())[0] === 'foo~2 1', { what: 'a terminal on foo~2' })
      expect(await attached()).toEqual(['foo~2 1', 'foo~2~fix 0'])
    })
  })
})
