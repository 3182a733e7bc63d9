// What lab does to one pane by its id: end it, read it, type into it.
import { capturedLines, captureCommands, screenCommands, screenIn } from './capture.ts'
import type { Command } from './client/quote.ts'
import { failureOf, type Run } from './client/reply.ts'
import { killPaneCommand } from './commands.ts'
import { createInput } from './input.ts'
import type { Tmux } from './tmux.ts'

export type Panes = Pick<Tmux, 'killPane' | 'capture' | 'screen' | 'typeText' | 'pressKeys'>

/** Makes that part of the adapter; `bufferDir` is an absolute path. */
export function createPanes(
  { run, captureRun }: { readonly run: Run; readonly captureRun: Run },
  { bufferDir, timeoutMs }: { readonly bufferDir: string; readonly timeoutMs: number },
): Panes {
  async function linesOf(
    through: Run,
    commands: readonly Command[],
    name: string,
  ): Promise<readonly string[]> {
    const reply = await through(commands)
    if (reply.kind === 'ok') return reply.lines
    throw failureOf(name, reply, timeoutMs)
  }
  const input = createInput((commands) => linesOf(run, commands, 'paste-buffer'), bufferDir)

  return {
    async killPane({ paneId, id }) {
      assertPane(paneId)
      const reply = await run([killPaneCommand(paneId, id)], { changesSessions: true })
      if (reply.kind !== 'ok' && reply.kind !== 'gone' && reply.kind !== 'no-server')
        throw failureOf('kill-pane', reply, timeoutMs)
    },
    async capture(paneId, lines) {
      assertPane(paneId)
      const answer = await linesOf(captureRun, captureCommands(paneId, lines), 'capture-pane')
      return capturedLines(answer).slice(-lines)
    },
    async screen(paneId) {
      assertPane(paneId)
      return screenIn(await linesOf(captureRun, screenCommands(paneId), 'capture-pane'))
    },
    async typeText(paneId, text) {
      assertPane(paneId)
      await input.typeText(paneId, text)
    },
    async pressKeys(paneId, keys) {
      assertPane(paneId)
      await input.pressKeys(paneId, keys)
    },
  }
}

/** An id is tmux's own, never a name: a name would match by prefix. */
function assertPane(id: string): void {
  if (!/^%\d+$/.test(id)) throw new TypeError(`not the id of a pane: ${id}`)
}
