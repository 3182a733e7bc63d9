// A session is made, with its marks and its limit of history, whoever's server it is on.
import { TmuxFailed } from '../errors.ts'
import {
  markCommands,
  newSessionCommand,
  prepareServer,
  setHistoryLimit,
  sizeCommands,
  stayUnattached,
  unmarkCommands,
  whereCommand,
} from './commands.ts'
import type { Command } from './client/quote.ts'
import { failureOf, type Run } from './client/reply.ts'
import { isAtLeast, type Server } from './client/socket.ts'
import type { CreatedSession, NewSession } from './tmux.ts'

const call = { mayStart: true, changesSessions: true }
const callOnly = { changesSessions: true }

interface Around {
  readonly before?: readonly Command[]
  readonly after?: readonly Command[]
  /** The server may have to be started. */
  readonly isNew?: boolean
  /** The server's, or the client's where it starts one. */
  readonly version: string
  /** Of history, for this session alone. */
  readonly limit?: number
}

/** Returns the adapter's `newSession`; `mark` tells its rows from whatever else a call prints. */
export function createNewSession(options: {
  readonly run: Run
  readonly server: Server
  readonly clientVersion: () => string
  readonly rowTag: string
  readonly timeoutMs: number
}): (session: NewSession) => Promise<CreatedSession> {
  const { run, server, clientVersion, rowTag, timeoutMs } = options

  async function create(
    session: NewSession,
    { before = [], after = [], isNew = server.kind === 'default', limit, version }: Around,
  ): Promise<CreatedSession> {
    const byName = `=${session.name}:`
    const marksOn = (target: string, pane: string): readonly Command[] => [
      ...(limit === undefined ? [] : [setHistoryLimit(limit, target)]),
      ...(isAtLeast(version, '3.3') ? [] : sizeCommands(target)),
      ...markCommands(session, { session: target, pane }),
    ]
    const marks = marksOn(byName, byName)
    const make = [stayUnattached, newSessionCommand(session, rowTag)]
    const reply = await run(
      [...before, ...make, ...marks, whereCommand(byName, rowTag), ...after],
      isNew ? call : callOnly,
    )
    const [row = [], where = []] = (reply.lines ?? [])
      .map((line) => line.split('|'))
      .filter(([first]) => first === rowTag)
    const [, paneId, sessionId, pid] = row
    if (!sessionId || !paneId || !pid) {
      if (reply.kind !== 'ok') throw failureOf('new-session', reply, timeoutMs)
      throw new TmuxFailed('new-session', `an unreadable answer: ${reply.lines.join('; ')}`)
    }
    const [, marked] = where
    if (marked !== paneId) {
      // A hook of the operator's gave the session another name, or put another pane in the first place.
      const misled = marked === undefined ? [] : unmarkCommands(marked)
      const remarked = await run([...misled, ...marksOn(sessionId, paneId), ...after], callOnly)
      if (remarked.kind !== 'ok') throw failureOf('new-session', remarked, timeoutMs)
    }
    return { sessionId, paneId, pid: Number(pid) }
  }

  /** What the server is and how much history it gives a pane; null where lab is to make it. */
  async function ask(): Promise<{ readonly version: string; readonly usual: string } | null> {
    const start = server.kind === 'default' ? [['start-server']] : []
    const reply = await run(
      [
        ...start,
        ['list-commands', '-F', `${rowTag}|#{version}`, 'list-panes'],
        ['show-options', '-gv', 'history-limit'],
      ],
      server.kind === 'default' ? call : callOnly,
    )
    if (reply.kind === 'no-server' && server.kind === 'own') return null
    if (reply.kind !== 'ok') throw failureOf('new-session', reply, timeoutMs)
    const told = reply.lines.find((line) => line.startsWith(`${rowTag}|`)) ?? ''
    return { version: told.slice(rowTag.length + 1), usual: reply.lines.at(-1) ?? '' }
  }

  return async (session) => {
    const { historyLimit } = session
    const asked = await ask()
    if (asked === null) {
      const before = prepareServer(server, { historyLimit, isNew: true })
      return create(session, { before, isNew: true, version: clientVersion() })
    }
    const { version, usual } = asked
    if (usual === String(historyLimit)) return create(session, { version })
    // From then on the limit acts on panes that are there, so it is the session's own.
    if (isAtLeast(version, '3.7')) return create(session, { limit: historyLimit, version })
    // Before 3.7 tmux reads the limit only when it makes a pane, and only the global one. On a server
    // that is not lab's it is changed for the length of one line.
    const before = [setHistoryLimit(historyLimit)]
    if (server.kind === 'own') return create(session, { before, version })
    const after = [setHistoryLimit(usual)]
    try {
      return await create(session, { before, after, version })
    } catch (error) {
      await run(after)
      throw error
    }
  }
}
