// Which tmux server has bound a socket at a path, as the kernel tells it of real servers.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import { boundPathOf, serverBoundAt } from '../../../src/tmux/client/socket-file.ts'
import { test } from '../../fixtures/folder.ts'

const mayUnshare = spawnSync('unshare', ['--mount', 'true']).status === 0

/** Runs `use` while a tmux server listens at `path`; `launcher` runs the script that starts it. */
async function withServer(
  { path, launcher = [] }: { readonly path: string; readonly launcher?: readonly string[] },
  use: (pid: number) => void,
): Promise<void> {
  const script = `tmux -S "$0" -f /dev/null new-session -d 'exec sleep 1000' && tmux -S "$0" display-message -p '#{pid}'`
  const argv = ['-u', 'TMUX', ...launcher, 'sh', '-c', script, path]
  const { stdout } = await execa('env', argv)
  const pid = Number(stdout)
  try {
    use(pid)
  } finally {
    process.kill(pid, 'SIGTERM')
  }
}

describe('serverBoundAt', () => {
  test('finds a server whose path holds several spaces in a row', async ({ folder }) => {
    mkdirSync(join(folder, 'a  b'))
    const path = join(folder, 'a  b', ' socket   ')
    await withServer({ path }, (pid) => {
      expect(serverBoundAt(path)?.pid).toBe(pid)
      expect(boundPathOf(pid)).toBe(path)
      expect(serverBoundAt(join(folder, 'a b', 'socket'))).toBeNull()
    })
  })

  test.skipIf(!mayUnshare)(
    'passes over a server of another mount namespace, where the path is another folder',
    async ({ folder }) => {
      const path = join(folder, 'socket')
      const mount = 'mount -t tmpfs none "$0" && exec "$@"'
      const elsewhere = ['unshare', '--mount', 'sh', '-c', mount, folder]
      await withServer({ path, launcher: elsewhere }, (pid) => {
        expect(boundPathOf(pid)).toBe(path)
        expect(serverBoundAt(path)).toBeNull()
      })
    },
  )

  test.skipIf(!mayUnshare)(
    'finds a server of another mount namespace that shares the folder',
    async ({ folder }) => {
      const path = join(folder, 'socket')
      await withServer({ path, launcher: ['unshare', '--mount'] }, (pid) => {
        expect(serverBoundAt(path)?.pid).toBe(pid)
      })
    },
  )
})
