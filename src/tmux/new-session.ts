// Makes a session with its marks and its limit of history, on lab's own server or on another's, and gives it
// its looks: a colour per project, and lab's status line.
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
import { failureOf, type Reply, type Run } from './client/reply.ts'
import { isAtLeast, type Server } from './client/socket.ts'
import type { CreatedSession, NewSession } from './tmux.ts'

const call = { mayStart: true, changesSessions: true }
const callOnly = { changesSessions: true }

export interface NewSessionDeps {
  readonly run: Run
  readonly server: Server
  /** The version of tmux on the PATH. */
  readonly clientVersion: () => string
  /** Tells tmux's answer from other lines that a call prints. */
  readonly rowTag: string
  readonly timeoutMs: number
}

interface CreateOptions {
  readonly before?: readonly Command[]
  readonly after?: readonly Command[]
  /** lab may have to start the server. */
  readonly isNew?: boolean
  /** The server's version, or the client's where the client starts the server. */
  readonly version: string
  /** Lines of history for this session alone. */
  readonly limit?: number
}

/** Returns the adapter's `newSession`. */
export function createNewSession(
  deps: NewSessionDeps,
): (session: NewSession) => Promise<CreatedSession> {
  const { run, server, clientVersion } = deps
  return async (session) => {
    const { historyLimit } = session
    const defaults = await askDefaults(deps)
    if (defaults === null) {
      const before = prepareServer(server, { historyLimit, isNew: true })
      return create(deps, session, { before, isNew: true, version: clientVersion() })
    }
    const { version, usual } = defaults
    if (usual === String(historyLimit)) return create(deps, session, { version })
    // Since 3.7 a change of the limit cuts panes that exist already, so lab sets the limit on the session.
    if (isAtLeast(version, '3.7')) return create(deps, session, { limit: historyLimit, version })
    // Before 3.7 tmux reads the limit only when it makes a pane, and only the global one. On a server
    // that is not lab's own, lab changes the limit for the length of one line.
    const before = [setHistoryLimit(historyLimit)]
    if (server.kind === 'own') return create(deps, session, { before, version })
    const after = [setHistoryLimit(usual)]
    try {
      return await create(deps, session, { before, after, version })
    } catch (error) {
      await run(after)
      throw error
    }
  }
}

/** Asks the server for its version and its limit of history; null where lab has to start the server. */
async function askDefaults({
  run,
  server,
  rowTag,
  timeoutMs,
}: NewSessionDeps): Promise<{ readonly version: string; readonly usual: string } | null> {
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

async function create(
  { run, server, rowTag, timeoutMs }: NewSessionDeps,
  session: NewSession,
  { before = [], after = [], isNew = server.kind === 'default', limit, version }: CreateOptions,
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
  const { created, marked } = readCreated(reply, { rowTag, timeoutMs })
  const { paneId, sessionId } = created
  if (marked !== paneId) {
    // A hook of the operator gave the session another name, or put another pane in the first place.
    const misled = marked === undefined ? [] : unmarkCommands(marked)
    const remarked = await run([...misled, ...marksOn(sessionId, paneId), ...after], callOnly)
    if (remarked.kind !== 'ok') throw failureOf('new-session', remarked, timeoutMs)
  }
  return created
}

/** Reads the session that tmux made, and the pane that the marks reached. @throws when tmux made none */
function readCreated(
  reply: Reply,
  { rowTag, timeoutMs }: Pick<NewSessionDeps, 'rowTag' | 'timeoutMs'>,
): { readonly created: CreatedSession; readonly marked: string | undefined } {
  const [row = [], where = []] = (reply.lines ?? [])
    .map((line) => line.split('|'))
    .filter(([first]) => first === rowTag)
  const [, paneId, sessionId, pid] = row
  if (!sessionId || !paneId || !pid) {
    if (reply.kind !== 'ok') throw failureOf('new-session', reply, timeoutMs)
    throw new TmuxFailed('new-session', `an unreadable answer: ${reply.lines.join('; ')}`)
  }
  return { created: { sessionId, paneId, pid: Number(pid) }, marked: where[1] }
}

export interface Appearance {
  /** See `Tmux.dress`. */
  dress(sessionId: string, colour: number): Promise<void>
  /** See `Tmux.setStatus`. */
  setStatus(text: string): Promise<void>
}

/** The option in which every session of lab's finds the text at the right end of its status line. */
const statusOption = '@lab_status'

/** Returns the part of the adapter that dresses sessions. */
export function createAppearance({
  run,
  server,
  timeoutMs,
}: {
  readonly run: Run
  readonly server: Server
  readonly timeoutMs: number
}): Appearance {
  let latest = ''
  const setText = (): Command => ['set-option', '-g', statusOption, latest]

  async function send(commands: readonly Command[], name: string): Promise<void> {
    if (server.kind === 'default') return
    const reply = await run(commands)
    // A session that has ended needs no look, and a server that is gone no status.
    if (reply.kind !== 'ok' && reply.kind !== 'gone' && reply.kind !== 'no-server')
      throw failureOf(name, reply, timeoutMs)
  }

  return {
    dress(sessionId, colour) {
      const set = (option: string, value: string): Command => [
        'set-option',
        '-t',
        sessionId,
        option,
        value,
      ]
      const commands = [
        set('status-style', `bg=colour${colour},fg=colour255`),
        set('status-left', ' #{session_name} '),
        set('status-left-length', '60'),
        // tmux reads no format in the value, so that it holds text alone.
        set('status-right', ` #{${statusOption}} `),
        set('status-right-length', '80'),
        setText(),
      ]
      return send(commands, 'set-option')
    },
    async setStatus(text) {
      if (text === latest) return
      latest = text
      await send([setText()], 'set-option')
    },
  }
}
