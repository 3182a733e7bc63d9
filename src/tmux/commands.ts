// The compound lines lab sends to tmux. Pure.
import { InvalidRequest } from '../errors.ts'
import { encodeValue, isMetadataKey } from './listing.ts'
import { quoteLine, type Command } from './client/quote.ts'
import type { Server } from './client/socket.ts'
import type { NewSession } from './tmux.ts'

/**
 * Starts and sets up lab's own server. What would reach panes that are there already (since 3.7 the
 * limit of history cuts them at once), or what a person may have chosen since, is left alone unless
 * the server `isNew`.
 */
export function prepareServer(
  server: Server,
  { historyLimit, isNew }: { readonly historyLimit: number; readonly isNew: boolean },
): readonly Command[] {
  if (server.kind !== 'own') return []
  const prepare = [['start-server'], ['set-option', '-s', 'exit-empty', 'off']]
  // 3.8 turned the mouse on: the wheel scrolls back in the history instead of pressing keys. So it
  // does with every version.
  return isNew
    ? [...prepare, setHistoryLimit(historyLimit), ['set-option', '-g', 'mouse', 'on']]
    : prepare
}

/** Sets how much history the panes of a session keep; without one, those of every session that says nothing else. */
export function setHistoryLimit(lines: number | string, sessionId?: string): Command {
  const scope = sessionId === undefined ? ['-g'] : ['-t', sessionId]
  return ['set-option', ...scope, 'history-limit', String(lines)]
}

/** Keeps a server whose last terminal goes from ending, and every agent with it: there is no such option for one session. */
export const stayUnattached: Command = ['set-option', '-s', 'exit-unattached', 'off']

/** Keeps a session to which no terminal is attached, whatever the operator wants of their own. */
export function stayDetached(session: string): Command {
  return ['set-option', '-t', session, 'destroy-unattached', 'off']
}

const size = ['-x', '200', '-y', '50']

/** Gives a session that was just made its size, which versions before 3.3 take from the client that makes it; a terminal that is attached still sets its own. */
export function sizeCommands(session: string): readonly Command[] {
  return [
    ['resize-window', '-t', session, ...size],
    // A window that was resized keeps its size until this is gone.
    ['set-option', '-w', '-u', '-t', session, 'window-size'],
  ]
}

/** Creates a session and answers with a row: mark, pane, session, pid. */
export function newSessionCommand(session: NewSession, rowTag: string): Command {
  const { name, cwd, env, unset, argv } = session
  // What tmux would rewrite, expand (`#`) or take for a target of another kind.
  if (!/^[A-Za-z0-9_~][A-Za-z0-9_~-]{0,99}$/.test(name) || name === '_lab')
    throw new InvalidRequest(`"${name}" cannot be the name of a session.`)
  if ([cwd, ...argv, ...Object.values(env)].some((word) => word.includes('\0')))
    throw new InvalidRequest('No argument, folder or variable can hold a NUL byte.')
  // A single word after `--` goes through a shell, so there are always two at least.
  const words = ['env', ...unset.flatMap((variable) => ['-u', variable]), ...argv]
  return [
    ...'new-session -d'.split(' '),
    ...size,
    ...'-P -F'.split(' '),
    `${rowTag}|#{pane_id}|#{session_id}|#{pane_pid}`,
    '-s',
    name,
    // A start directory is a format: `#(…)` in a folder's name would run.
    '-c',
    cwd.replaceAll('#', '##'),
    ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
    '--',
    ...words,
  ]
}

/**
 * Marks a session that was just made, and has its pane kept after death. In one line with the command
 * that makes it, this is done before anything else can happen, since tmux does not look at its
 * children in between; where a hook makes a name miss, ids must do.
 */
export function markCommands(
  { env, metadata }: NewSession,
  target: { readonly session: string; readonly pane: string },
): readonly Command[] {
  const { session, pane } = target
  const keys = Object.keys(metadata)
  for (const key of keys)
    if (!isMetadataKey(key)) throw new InvalidRequest(`"${key}" cannot be a key of metadata.`)
  const onPane = ['set-option', '-p', '-t', pane]
  const onSession = ['set-option', '-t', session]
  return [
    stayDetached(session),
    [...onPane, 'remain-on-exit', 'on'],
    // What marks the agent's processes must not mark those of a pane that a person opens beside it.
    ...Object.keys(env)
      .filter((key) => key.startsWith('LAB_'))
      .map((key) => ['set-environment', '-t', session, '-u', key]),
    [...onPane, '@lab_agent', encodeValue(metadata.id)],
    [...onPane, '-F', '@lab_keeper', '#{pane_pid}'],
    [...onPane, '-F', '@lab_command', '#{n:pane_start_command}'],
    ...keys.map((key) => [...onSession, `@lab_${key}`, encodeValue(metadata[key] ?? '')]),
    [...onSession, '@lab_keys', keys.join(',')],
  ]
}

/** Answers with a row that tells which pane a target led to: mark, pane. */
export function whereCommand(pane: string, rowTag: string): Command {
  return ['display-message', '-p', '-t', pane, `${rowTag}|#{pane_id}`]
}

/** Takes the marks off a pane that is nobody's. */
export function unmarkCommands(pane: string): readonly Command[] {
  const options = ['remain-on-exit', '@lab_agent', '@lab_keeper', '@lab_command']
  return options.map((option) => ['set-option', '-p', '-u', '-t', pane, option])
}

/** Ends a pane if it carries the agent's mark and still runs what lab started in it, decided and done by tmux in one step; a session ends with its last pane. */
export function killPaneCommand(paneId: string, id: string): Command {
  // The mark lies percent-encoded, so nothing in it can end the format or the string around it.
  const isTheOne = `#{==:#{@lab_agent},${encodeValue(id)}}`
  // Not what a person started in it since; a pane of an earlier lab's does not tell. Since 3.8 a dead
  // pane has no pid, and its command tells.
  const isSame = '#{||:#{==:#{@lab_command},},#{==:#{@lab_command},#{n:pane_start_command}}}'
  const isItsKeeper = `#{||:#{==:#{@lab_keeper},},#{||:#{==:#{@lab_keeper},#{pane_pid}},#{&&:#{==:#{pane_pid},},${isSame}}}}`
  const kill = `kill-pane -t '${paneId}'`
  // With nothing to do in the other case, a control client would get one answer less.
  return [
    'if-shell',
    '-F',
    '-t',
    paneId,
    `#{&&:${isTheOne},${isItsKeeper}}`,
    kill,
    'display-message -p ""',
  ]
}

/** What a guarded command answers instead of acting when the pane is dead or gone. */
export const deadAnswer = 'dead'

/**
 * Runs one command only while the pane lives, with nothing in between: before 3.4 a paste into a dead
 * pane ends the whole server (https://github.com/tmux/tmux/pull/3830).
 */
export function whileAlive(paneId: string, command: Command): Command {
  return [
    'if-shell',
    '-F',
    '-t',
    paneId,
    '#{==:#{pane_dead},0}',
    quoteLine([command]),
    `display-message -p ${deadAnswer}`,
  ]
}
