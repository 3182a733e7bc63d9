// The adapter's promise about servers that cannot be read, with real and broken ones, once per client.
import { chmod, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { TmuxFailed, TmuxTimeout, TmuxUnavailable } from '../../src/errors.ts'
import { test } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'
import { clients, open, openBare, owner, session } from './opened.ts'

/** Whether a tmux of this process that lists the sessions has connected to its server and waits. */
async function isListingWaiting(socket: string): Promise<boolean> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [stat, line] = await Promise.all(
      ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    )
    const [state, parent] = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ')
    const isListing = line!.includes(socket) && line!.includes('@lab_agent')
    if (Number(parent) !== process.pid || state !== 'S' || !isListing) continue
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const links = await Promise.all(
      fds
        .filter((fd) => Number(fd) > 2)
        .map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
    )
    if (links.some((link) => link.startsWith('socket:'))) return true
  }
  return false
}

describe.each(clients)('with the %s client', (client) => {
  describe('a server that cannot be read', () => {
    test.for(['error connecting to /x (Permission denied)', 'access not allowed', 'odd'])(
      'is never taken for an empty one (%s)',
      async (line, { sandbox }) => {
        const stub = join(sandbox.dir, 'stub')
        await writeFile(
          stub,
          `#!/bin/sh\n[ "$1" = -V ] && exec tmux -V\necho '${line}' >&2\n[ '${line}' = 'access not allowed' ]\n`,
        )
        await chmod(stub, 0o755)
        const tmux = await openBare(sandbox, { client, tmuxPath: stub })
        const failure = line === 'odd' ? TmuxFailed : TmuxUnavailable
        await expect(tmux.list()).rejects.toThrow(failure)
        await expect(tmux.owner()).rejects.toThrow(failure)
        await expect(tmux.setOwner(owner)).rejects.toThrow(failure)
        await expect(tmux.killPane({ paneId: '%1', id: 'x' })).rejects.toThrow(failure)
        await expect(tmux.newSession(session(sandbox))).rejects.toThrow(failure)
      },
    )

    test('hangs no call longer than the deadline, and is read again when it wakes', async ({
      sandbox,
    }) => {
      // A deadline that a busy machine does not reach by itself: calls that work have it, too.
      const tmux = await open(sandbox, { client, timeoutMs: 1000 })
      const { paneId } = await tmux.newSession(session(sandbox))
      const before = await tmux.list()
      const late = (...calls: readonly Promise<unknown>[]): Promise<unknown> =>
        Promise.all(calls.map((call) => expect(call).rejects.toThrow(TmuxTimeout)))
      process.kill(before.server!.pid, 'SIGSTOP')
      try {
        await late(tmux.list(), tmux.capture(paneId, 10))
        await late(tmux.typeText(paneId, 'x'), tmux.killPane({ paneId: '%77', id: 'x' }))
      } finally {
        process.kill(before.server!.pid, 'SIGCONT')
      }
      expect(await until(() => tmux.list(), { what: 'a listing' })).toEqual(before)
      await tmux.killPane({ paneId, id: 'id of foo' })
      expect((await tmux.list()).sessions).toEqual([])
    })

    test('and dies during a call is no empty listing, but the next one is', async ({ sandbox }) => {
      const tmux = await open(sandbox, { client })
      await tmux.newSession(session(sandbox))
      const { pid } = (await tmux.list()).server!
      process.kill(pid, 'SIGSTOP')
      await until(async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).includes(') T '), {
        what: 'the stop',
      })
      const outcome = expect(tmux.list()).rejects.toThrow(TmuxUnavailable)
      // A spawned call that comes after the end finds no server: this one has to wait for the server before.
      if (client === 'spawned')
        await until(() => isListingWaiting(sandbox.socket), { what: 'a waiting call' })
      process.kill(pid, 'SIGKILL')
      await outcome
      expect(await until(() => tmux.list(), { what: 'a listing' })).toEqual({
        server: null,
        sessions: [],
      })
      const created = await tmux.newSession(session(sandbox))
      expect((await tmux.list()).sessions).toMatchObject([
        { sessionId: created.sessionId, name: 'foo' },
      ])
    })
  })
})
