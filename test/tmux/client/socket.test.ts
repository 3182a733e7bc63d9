import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { UsageError } from '../../../src/errors.ts'
import { checkVersion, parseSocket, tmuxEnv } from '../../../src/tmux/client/socket.ts'
import { test } from '../../fixtures/tmux.ts'

describe('a socket', () => {
  test.each([
    ['lab', 'own', ['-L', 'lab', '-f', '/dev/null', '-u'], ['tmux', '-L', 'lab']],
    ['default', 'default', ['-L', 'default', '-u'], ['tmux']],
    ['/run/x.sock', 'given', ['-S', '/run/x.sock', '-u', '-N'], ['tmux', '-S', '/run/x.sock']],
  ])('%s is reached as it should be', (socket, kind, args, argv) => {
    expect(parseSocket(socket)).toEqual({ kind, args, argv })
  })

  test.each(['', 'a/b', '-x', '../lab', 'a b'])('%j is refused by name', (socket) => {
    expect(() => parseSocket(socket)).toThrow(UsageError)
  })
})

test("tmux gets none of lab's secrets and always a UTF-8 locale", () => {
  expect(
    tmuxEnv({
      PATH: '/bin',
      HOME: '/h',
      CLAUDECODE: '1',
      CLAUDE_CODE_OAUTH_TOKEN: 's',
      AI_AGENT: 'x',
      TMUX: '/x,1,2',
      TMUX_PANE: '%1',
      TMUX_TMPDIR: '/t',
      LC_ALL: 'C',
      LANG: 'C',
    }),
  ).toEqual({ PATH: '/bin', HOME: '/h', TMUX_TMPDIR: '/t', LANG: 'C.UTF-8' })
  expect(tmuxEnv({ LANG: 'de_DE.utf8' })).toEqual({ LANG: 'de_DE.utf8' })
})

async function stub(dir: string, script: string): Promise<string> {
  const path = join(dir, 'tmux')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

describe('the version', () => {
  test.for(['3.2', '3.3a', '3.10', '4.0', 'next-3.6', 'openbsd-7.4', 'master'])(
    '%s will do',
    async (version, { sandbox }) => {
      await stub(sandbox.dir, `echo tmux ${version}`)
      await expect(checkVersion('tmux', { PATH: sandbox.dir }, 5000)).resolves.toBe(version)
    },
  )

  test.for(['3.0a', '3.1c', '2.9', '1.8'])(
    '%s is too old, and lab says so',
    async (version, { sandbox }) => {
      await stub(sandbox.dir, `echo tmux ${version}`)
      await expect(checkVersion('tmux', { PATH: sandbox.dir }, 5000)).rejects.toThrow(
        new UsageError(`tmux ${version} is too old, lab needs 3.2 or newer. Upgrade tmux.`),
      )
    },
  )

  test('a missing tmux is told with the remedy', async ({ sandbox }) => {
    const call = checkVersion('tmux', { PATH: sandbox.dir }, 5000)
    await expect(call).rejects.toBeInstanceOf(UsageError)
    await expect(call).rejects.toThrow("'tmux' not found. Install tmux 3.2 or newer")
  })

  test('a program that is no tmux is refused', async ({ sandbox }) => {
    const path = await stub(sandbox.dir, 'echo broken >&2; exit 1')
    await expect(checkVersion(path, {}, 5000)).rejects.toThrow(/printed no version: broken/)
  })
})
