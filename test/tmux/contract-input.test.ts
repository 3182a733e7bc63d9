// The adapter's promise about text, keys and screens, on a real tmux, once per client.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { InvalidRequest, TmuxFailed } from '../../src/errors.ts'
import { test, type TmuxSandbox } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'
import type { Tmux } from '../../src/tmux/tmux.ts'
import { clients, open, session, shows, typist } from './opened.ts'

/** Starts a typist and returns its pane and a wait for exactly this to have been typed. */
async function startTypist(tmux: Tmux, sandbox: TmuxSandbox, before = '') {
  const file = join(sandbox.dir, 'typed')
  const [sh, c, script = '', ...rest] = typist(file)
  const argv = [sh!, c!, before + script, ...rest]
  const { paneId } = await tmux.newSession(session(sandbox, { argv }))
  await shows(tmux, paneId, 'ready')
  const typed = async (text: string) => {
    const size = Buffer.byteLength(text)
    await until(async () => (await stat(file)).size >= size, { what: `${size} bytes` })
    const got = await readFile(file, 'utf8')
    // Not toBe on the texts themselves: a megabyte makes no readable difference.
    expect(got.length).toBe(text.length)
    expect(got === text || got.slice(0, 200)).toBe(true)
  }
  return { paneId, typed }
}

describe.each(clients)('with the %s client', (client) => {
  describe('text', () => {
    const megabyte = '0123456789é😀 ;#{pid}\n'.repeat(47_662)
    test.for([
      ['with a `;` at its end', 'foo;'],
      ['that is a `;`', ';'],
      ['with a dash at its start', '-t =other: x'],
      ['with newlines, tabs and quotes', 'a\nb\r\n\tc "d" \'e\' `f` $HOME #{pid} \\'],
      ['in Unicode', 'é😀 ✳ e\u0301 \u202e \u00a0'],
      ['with controls', '\u001b[31m\u0003\u007f\u0001'],
      ['of 20 kB', 'é;x '.repeat(4000)],
      ['of 1 MB', megabyte],
    ] as const)('%s arrives byte for byte', async ([, text], { sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, typed } = await startTypist(tmux, sandbox)
      await tmux.typeText(paneId, text)
      await typed(text)
      expect(await readdir(join(sandbox.dir, 'buffers'))).toEqual([])
      expect(await sandbox.tmux('list-buffers')).toBe('')
    })

    test('with a NUL is refused, and an empty one types nothing', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, typed } = await startTypist(tmux, sandbox)
      await expect(tmux.typeText(paneId, 'a\0b')).rejects.toThrow(InvalidRequest)
      await tmux.typeText(paneId, '')
      await tmux.typeText(paneId, 'x')
      await typed('x')
    })

    test('is bracketed for a program that asked for it', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, typed } = await startTypist(tmux, sandbox, "printf '\\033[?2004h'; ")
      await tmux.typeText(paneId, 'a\nb')
      await typed('\u001b[200~a\nb\u001b[201~')
    })

    test('of several senders is never mixed, and keys keep their place', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, typed } = await startTypist(tmux, sandbox)
      const texts = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(30_000))
      await Promise.all(
        texts.flatMap((text) => [tmux.typeText(paneId, text), tmux.pressKeys(paneId, ['Enter'])]),
      )
      await typed(texts.map((text) => `${text}\r`).join(''))
    })

    test('ends copy mode first, as keys do', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, typed } = await startTypist(tmux, sandbox)
      await sandbox.tmux('copy-mode', '-t', paneId)
      await tmux.typeText(paneId, 'text')
      const mode = ['display-message', '-p', '-t', paneId, '#{pane_in_mode}']
      expect(await sandbox.tmux(...mode)).toBe('0')
      await sandbox.tmux('copy-mode', '-t', paneId)
      await tmux.pressKeys(paneId, ['q'])
      await typed('textq')
    })

    test('that tmux cannot read is a failure, and nothing else is typed', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client, bufferDir: join(sandbox.dir, 'typed-by-hand') })
      const { paneId, typed } = await startTypist(tmux, sandbox)
      await sandbox.tmux('set-buffer', '-b', 'mine', 'secret of a person')
      // A file in the way: neither lab nor tmux can use the folder.
      await writeFile(join(sandbox.dir, 'typed-by-hand'), '')
      await expect(tmux.typeText(paneId, 'x')).rejects.toThrow(/EEXIST|ENOTDIR/)
      await tmux.pressKeys(paneId, ['z'])
      await typed('z')
    })
  })

  describe('keys', () => {
    test('are pressed by name', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, typed } = await startTypist(tmux, sandbox)
      await tmux.pressKeys(paneId, [
        'Enter',
        'Escape',
        'Tab',
        'C-c',
        'C-u',
        'Up',
        'BTab',
        'Space',
        'BSpace',
        '1',
        'y',
      ])
      await typed('\r\u001b\t\u0003\u0015\u001b[A\u001b[Z \u007f1y')
    })

    test('outside the list are refused before any is pressed', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId, typed } = await startTypist(tmux, sandbox)
      const odd = ['enter', 'Nope', '', ';', '-l', 'C-', 'é', 'Enter ', 'M-x', 'KPEnter', 'ab']
      for (const key of odd)
        await expect(tmux.pressKeys(paneId, ['a', key]), key).rejects.toThrow(InvalidRequest)
      await tmux.pressKeys(paneId, ['x'])
      await typed('x')
    })
  })

  describe('a screen', () => {
    test('comes with wrapped lines joined and blank ends dropped', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const long = 'long '.repeat(100).trim()
      const argv = [
        'sh',
        '-c',
        'printf "%s\\n" first "" "$1" "  last   " "" ""; exec sleep 1000',
        'x',
        long,
      ]
      const { paneId } = await tmux.newSession(session(sandbox, { argv }))
      await shows(tmux, paneId, 'last')
      expect(await tmux.capture(paneId, 100)).toEqual(['first', '', long, '  last'])
      expect(await tmux.capture(paneId, 1)).toEqual(['  last'])
    })

    test('may hold what looks like tmux speaking, and harms nothing', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const lines = [
        '%end 1 2 1',
        '%begin 1 2 1',
        '%error 1 2 1',
        '%exit',
        '%sessions-changed',
        'dead',
        '1',
      ]
      const argv = ['sh', '-c', 'printf "%s\\n" "$@"; exec sleep 1000', 'x', ...lines]
      const { paneId } = await tmux.newSession(session(sandbox, { argv }))
      await shows(tmux, paneId, lines.slice(-2).join('\n'))
      for (let i = 0; i < 20; i++) {
        expect(await tmux.capture(paneId, 10)).toEqual(lines)
        expect((await tmux.list()).sessions).toHaveLength(1)
      }
    })

    test('of a pane that died and was typed into ends no server', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      const { paneId } = await tmux.newSession(session(sandbox, { argv: ['sh', '-c', 'exit 0'] }))
      await tmux.newSession(session(sandbox, { name: 'other' }))
      const before = await until(
        async () => {
          const listing = await tmux.list()
          return listing.sessions[0]?.pane?.dead ? listing : null
        },
        { what: 'a death' },
      )
      await expect(tmux.typeText(paneId, 'x')).rejects.toThrow(TmuxFailed)
      await expect(tmux.pressKeys(paneId, ['Enter'])).rejects.toThrow(TmuxFailed)
      expect((await tmux.list()).server).toEqual(before.server)
    })
  })

  test('a pane that dies while it is typed into never ends the server', async ({ sandbox }) => {
    const tmux = await open(sandbox, { client })
    const { server } = await tmux.list()
    for (let i = 0; i < 15; i++) {
      const argv = ['sh', '-c', 'read x; exit 0']
      const { paneId } = await tmux.newSession(session(sandbox, { argv }))
      const calls = [tmux.pressKeys(paneId, ['Enter'])]
      for (let n = 0; n < 8; n++) calls.push(tmux.typeText(paneId, 'x'))
      await Promise.allSettled(calls)
      await tmux.killPane({ paneId, id: 'id of foo' })
    }
    expect((await tmux.list()).server).toEqual(server)
  })
})
