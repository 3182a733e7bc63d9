// Text and keys into a pane: whole texts through a buffer, keys from a list, one at a time per pane.
import { mkdir, unlink, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { isKey } from '../core/input/keys.ts'
import { InvalidRequest, TmuxFailed } from '../errors.ts'
import { createQueue, type Queue } from '../queue.ts'
import { deadAnswer, whileAlive } from './commands.ts'
import type { Command } from './client/quote.ts'

export interface Input {
  typeText(paneId: string, text: string): Promise<void>
  pressKeys(paneId: string, keys: readonly string[]): Promise<void>
}

/**
 * Makes the input side over `run`, which throws for whatever tmux refused. Files for texts lie in
 * `bufferDir` (absolute, 0600, gone afterwards), since tmux's server may have another /tmp.
 */
export function createInput(
  run: (commands: readonly Command[]) => Promise<readonly string[]>,
  bufferDir: string,
): Input {
  const queues = new Map<string, Queue>()

  // Two senders must not interleave; every step has a deadline, so a queue always moves.
  function queued(paneId: string, act: () => Promise<void>): Promise<void> {
    const queue = queues.get(paneId) ?? createQueue()
    queues.set(paneId, queue)
    return queue.run(act).finally(() => {
      if (queue.size() === 0) queues.delete(paneId)
    })
  }

  async function perform(subcommand: string, commands: readonly Command[]): Promise<void> {
    const answer = await run(commands)
    if (answer.includes(deadAnswer))
      throw new TmuxFailed(subcommand, 'nothing runs in this pane any more')
    // In control mode a file that cannot be read comes back as a line of a reply that succeeded.
    if (answer.length > 0) throw new TmuxFailed(subcommand, answer.join('; '))
  }

  // Since 3.7 a paste rewrites controls and broken UTF-8, unless it is told not to.
  async function pasteFlags(): Promise<readonly string[]> {
    const [usage = ''] = await run([
      ['list-commands', '-F', '#{command_list_usage}', 'paste-buffer'],
    ])
    return /\[-[A-Za-z]*S/.test(usage) ? ['-p', '-r', '-S'] : ['-p', '-r']
  }

  return {
    typeText(paneId, text) {
      if (text.includes('\0'))
        return Promise.reject(new InvalidRequest('A text cannot hold a NUL byte.'))
      if (text === '') return Promise.resolve()
      return queued(paneId, async () => {
        const buffer = `lab-${randomUUID()}`
        const file = join(bufferDir, buffer)
        await mkdir(bufferDir, { recursive: true, mode: 0o700 })
        try {
          const flags = await pasteFlags()
          await writeFile(file, text, { flag: 'wx', mode: 0o600 })
          await perform('paste-buffer', [
            ['copy-mode', '-q', '-t', paneId],
            ['load-buffer', '-b', buffer, file],
            whileAlive(paneId, ['paste-buffer', ...flags, '-d', '-b', buffer, '-t', paneId]),
          ])
        } catch (error) {
          await run([['delete-buffer', '-b', buffer]]).catch(() => {})
          throw error
        } finally {
          await unlink(file).catch(() => {})
        }
      })
    },
    pressKeys(paneId, keys) {
      const unknown = keys.find((key) => !isKey(key))
      if (unknown !== undefined)
        return Promise.reject(new InvalidRequest(`"${unknown}" is not a key that lab presses.`))
      if (keys.length === 0) return Promise.resolve()
      return queued(paneId, () =>
        perform('send-keys', [
          ['copy-mode', '-q', '-t', paneId],
          whileAlive(paneId, ['send-keys', '-t', paneId, ...keys]),
        ]),
      )
    },
  }
}
