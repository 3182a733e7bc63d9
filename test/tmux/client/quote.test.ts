// Quoting is what tmux's own parser says it is, so it is asked.
import * as fc from 'fast-check'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { openConnection } from '../../../src/tmux/client/connection.ts'
import { parseSocket } from '../../../src/tmux/client/socket.ts'
import { createSpawned } from '../../../src/tmux/client/spawned.ts'
import type { Run } from '../../../src/tmux/client/reply.ts'
import { test, type TmuxSandbox } from '../../fixtures/tmux.ts'

const special = ['\n', '\r', '\t', "'", '"', ';', '\\', '$HOME', '~', '#{pid}', '%1', '{', '}', ' ']
const words = fc
  .array(fc.oneof(fc.constantFrom(...special), fc.string({ unit: 'binary', maxLength: 4 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join('').replaceAll('\0', ''))
  .filter((word) => word !== '')

async function keepsEveryWord(sandbox: TmuxSandbox, run: Run, numRuns: number): Promise<void> {
  const file = join(sandbox.dir, 'saved')
  await fc.assert(
    fc.asyncProperty(words, async (word) => {
      const reply = await run([
        ['set-buffer', '-b', 'b', '--', word],
        ['save-buffer', '-b', 'b', file],
      ])
      expect(reply).toEqual({ kind: 'ok', lines: [] })
      expect(await readFile(file, 'utf8')).toBe(word)
    }),
    { numRuns, examples: [['a;'], ['\\;'], [';'], ['-x'], ["it's"], ['\n'], ['#'], ['é😀']] },
  )
}

test('a spawned tmux takes every word as it is', async ({ sandbox }) => {
  await sandbox.tmux('new-session', '-d', 'sleep 1000')
  const spawned = createSpawned({
    server: parseSocket(sandbox.socket),
    tmuxPath: () => 'tmux',
    env: sandbox.env,
    timeoutMs: 10_000,
  })
  await keepsEveryWord(sandbox, spawned.run, 60)
})

test('a control client takes every word as it is', async ({ sandbox }) => {
  await sandbox.tmux('new-session', '-d', '-s', 'a', 'sleep 1000')
  const connection = await openConnection({
    tmuxPath: 'tmux',
    args: ['-L', sandbox.socket, '-u', '-C', 'attach-session', '-t', '=a'],
    env: sandbox.env,
    timeoutMs: 10_000,
    onNotice: () => {},
    onEnd: () => {},
  })
  if (typeof connection === 'string') throw new Error(connection)
  onTestFinished(() => connection.close())
  await keepsEveryWord(sandbox, (commands) => connection.run(commands), 1000)
})
