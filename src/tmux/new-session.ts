// A session is made, with its marks and its limit of history, whoever's server it is on.
import { TmuxFailed } from '../errors.ts'
import {
  markCommands,
  newSessionCommand,
  prepareServer,
  unmarkCommands,
  whereCommand,
} from './commands.ts'
import type { Command } from './quote.ts'
import { failureOf, type Run } from './reply.ts'
import type { Server } from './server.ts'
import type { CreatedSession, NewSession } from './tmux.ts'

const call = { mayStart: true, changesSessions: true }

/** Returns the adapter's `newSession`; `mark` tells its rows from whatever else a call prints. */
export function createNewSession(given: {
  readonly run: Run
  readonly server: Server
  readonly mark: string
  readonly timeoutMs: number
}): (session: NewSession) => Promise<CreatedSession> {
  const { run, server, mark, timeoutMs } = given

  async function must(commands: readonly Command[]): Promise<readonly string[]> {
    const reply = await run(commands, call)
    if (reply.kind === 'ok') return reply.lines
    throw failureOf('new-session', reply, timeoutMs)
  }

  async function create(
    session: NewSession,
    { before, after }: { before: readonly Command[]; after: readonly Command[] },
  ): Promise<CreatedSession> {
    const byName = `=${session.name}:`
    const marks = markCommands(session, { session: byName, pane: byName })
    const make = newSessionCommand(session, mark)
    const reply = await run([...before, make, ...marks, whereCommand(byName, mark), ...after], call)
    const [row = [], where = []] = (reply.lines ?? [])
      .map((line) => line.split('|'))
      .filter(([first]) => first === mark)
    const [, paneId, sessionId, pid] = row
    if (!sessionId || !paneId || !pid) {
      if (reply.kind !== 'ok') throw failureOf('new-session', reply, timeoutMs)
      throw new TmuxFailed('new-session', `an unreadable answer: ${reply.lines.join('; ')}`)
    }
    const [, marked] = where
    if (marked !== paneId) {
      // A hook of the operator's gave the session another name, or put another pane in the first place.
      const misled = marked === undefined ? [] : unmarkCommands(marked)
      await must([
        ...misled,
        ...markCommands(session, { session: sessionId, pane: paneId }),
        ...after,
      ])
    }
    return { sessionId, paneId, pid: Number(pid) }
  }

  return async (session) => {
    const limit = String(session.historyLimit)
    if (server.kind === 'own')
      return create(session, { before: prepareServer(server, session.historyLimit), after: [] })
    // tmux reads the limit only when it makes a pane, and only the global one; on a server that is
    // not lab's it is changed for the length of one line, and not at all when it fits.
    const start = server.kind === 'default' ? [['start-server']] : []
    const asked = await must([...start, ['show-options', '-gv', 'history-limit']])
    const usual = asked[0] ?? limit
    if (usual === limit) return create(session, { before: [], after: [] })
    try {
      return await create(session, { before: [setLimit(limit)], after: [setLimit(usual)] })
    } catch (error) {
      await run([setLimit(usual)])
      throw error
    }
  }
}

function setLimit(lines: string): Command {
  return ['set-option', '-g', 'history-limit', lines]
}
