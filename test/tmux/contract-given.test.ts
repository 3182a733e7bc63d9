// The adapter's promise about what a new session is given, on a real tmux, once per client.
import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import { InvalidRequest } from '../../src/errors.ts'
import { test } from '../fixtures/tmux.ts'
import { clients, contents, open, openBare, session, shows, writing } from './opened.ts'

describe.each(clients)('with the %s client', (client) => {
  describe('what a session is given', () => {
    test('every argument arrives byte for byte', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const words = [
        'a b',
        '',
        "it's",
        '"',
        'end;',
        ';',
        '\\;',
        'x\ny\n',
        '#{pid}',
        '$HOME',
        '~',
        '`id`',
        '-x',
        'K=V',
        'é😀',
        '%end 1 2 1',
        'y'.repeat(100_000),
      ]
      const OUT = join(sandbox.dir, 'out')
      await tmux.newSession(
        session(sandbox, {
          env: { OUT },
          argv: ['sh', '-c', writing(`printf '%s\\0' "$@"`), 'x', ...words],
        }),
      )
      expect((await contents(OUT)).split('\0').slice(0, -1)).toEqual(words)
    })

    test('one word alone is run, not given to a shell', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const program = join(sandbox.dir, 'a $(touch made) program')
      await writeFile(program, '#!/bin/sh\necho ran; exec sleep 1000\n', { mode: 0o755 })
      const { paneId } = await tmux.newSession(session(sandbox, { argv: [program] }))
      await shows(tmux, paneId, 'ran')
    })

    test('the folder, whatever it is called', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const cwd = join(sandbox.dir, "a%Hb #{pid} #(touch x) '; é")
      await mkdir(cwd)
      const OUT = join(sandbox.dir, 'out')
      await tmux.newSession(
        session(sandbox, { cwd, env: { OUT }, argv: ['sh', '-c', writing('pwd')] }),
      )
      expect(await contents(OUT)).toBe(`${await realpath(cwd)}\n`)
    })

    test("its variables, and nothing of lab's or of whoever started the server", async ({
      sandbox,
    }) => {
      // A server that an agent's shell has started hands its marks to every later session.
      const env = { ...sandbox.env, CLAUDECODE: '1', LEFT_ALONE: 'yes' }
      await execa(
        'tmux',
        ['-L', sandbox.socket, '-f', '/dev/null', 'new-session', '-d', '-s', 'old', 'sleep 1000'],
        { env, extendEnv: false },
      )
      const tmux = await open(sandbox, {
        client,
        env: { ...sandbox.env, AI_AGENT: 'x', SECRET: 's' },
      })
      const OUT = join(sandbox.dir, 'out')
      const given = {
        OUT,
        PATH: sandbox.env['PATH']!,
        ODD: 'a\'b"c;\nd=#{pid} $HOME é;',
        EMPTY: '',
      }
      await tmux.newSession(
        session(sandbox, {
          env: given,
          unset: ['CLAUDECODE', 'TMUX', 'TMUX_PANE'],
          argv: ['sh', '-c', writing('env -0')],
        }),
      )
      const seen = Object.fromEntries(
        (await contents(OUT))
          .split('\0')
          .slice(0, -1)
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      )
      expect(seen).toMatchObject({ ...given, LEFT_ALONE: 'yes', HOME: sandbox.dir })
      for (const name of ['CLAUDECODE', 'TMUX', 'TMUX_PANE', 'AI_AGENT', 'SECRET'])
        expect(seen).not.toHaveProperty(name)
    })

    test('a server that lab starts itself has none of its secrets', async ({ sandbox }) => {
      const tmux = await open(sandbox, {
        client,
        env: { ...sandbox.env, CLAUDECODE: '1', SECRET: 's', TMUX: '/x,1,0' },
      })
      await tmux.newSession(session(sandbox))
      expect(await sandbox.tmux('show-environment', '-g')).not.toMatch(/CLAUDE|SECRET|^TMUX=/m)
    })

    test('its metadata comes back as it was, also to a lab that was restarted, renamed or not', async ({
      sandbox,
    }) => {
      const tmux = await open(sandbox, { client })
      const metadata = {
        id: 'b2c7 | : ; %7C',
        project: "/p/a 'b' $HOME #{pid} #(id)",
        label: 'new\nline ✳ "q" 100% \\; \t|:',
        empty: '',
        note: '%end 1 2 1\n\n',
      }
      const { sessionId } = await tmux.newSession(session(sandbox, { metadata }))
      expect((await tmux.list()).sessions).toMatchObject([{ name: 'foo', lab: metadata }])
      await sandbox.tmux('rename-session', '-t', sessionId, 'my own name')
      const restarted = await openBare(sandbox, { client })
      const { sessions } = await restarted.list()
      expect(sessions).toMatchObject([{ sessionId, name: 'my own name', lab: metadata }])
      expect(sessions[0]?.lab).toEqual(metadata)
    })

    test('a key of metadata is a plain word that lab does not keep for itself', async ({
      sandbox,
    }) => {
      const tmux = await openBare(sandbox, { client })
      for (const key of ['self', 'keys', 'agent', 'owner', 'a-b', 'A', 'x y', '']) {
        const call = tmux.newSession(session(sandbox, { metadata: { id: 'x', [key]: 'v' } }))
        await expect(call, key).rejects.toThrow(InvalidRequest)
      }
    })

    test('as much history as it asks for', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const argv = [
        'sh',
        '-c',
        'i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo line $i; done; exec sleep 1000',
      ]
      const deep = await tmux.newSession(session(sandbox, { argv, historyLimit: 5000 }))
      const flat = await tmux.newSession(
        session(sandbox, { name: 'flat', argv, historyLimit: 100 }),
      )
      await shows(tmux, deep.paneId, 'line 4000')
      await shows(tmux, flat.paneId, 'line 4000')
      const lines = await tmux.capture(deep.paneId, 3500)
      expect([lines.length, lines[0], lines.at(-1)]).toEqual([3500, 'line 501', 'line 4000'])
      expect((await tmux.capture(flat.paneId, 3500)).length).toBeLessThan(160)
    })
  })
})
