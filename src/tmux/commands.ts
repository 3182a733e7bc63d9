// The compound lines lab sends to tmux. Pure.
import { InvalidRequest } from '../errors.ts'
import { encodeValue, isMetadataKey } from './listing.ts'
import { quoteLine, type Command } from './quote.ts'
import type { Server } from './server.ts'
import type { NewSession } from './tmux.ts'

export const selfName = '_lab'

/** Starts and sets up lab's own server, and changes nothing on any other. */
export function prepareServer(server: Server, historyLimit: number): readonly Command[] {
  if (server.kind !== 'own') return []
  return [
    ['start-server'],
    ['set-option', '-s', 'exit-empty', 'off'],
    ['set-option', '-g', 'history-limit', String(historyLimit)],
  ]
}

/**
 * Creates a session whose pane is marked and kept after death before anything else can happen: tmux
 * runs one line without looking at its children in between.
 */
export function newSessionCommands(session: NewSession, mark: string): readonly Command[] {
  const { name, cwd, env, unset, argv, metadata } = session
  // What tmux would rewrite, expand (`#`) or take for a target of another kind.
  if (!/^[A-Za-z0-9_~][A-Za-z0-9_~-]{0,99}$/.test(name) || name === selfName)
    throw new InvalidRequest(`"${name}" cannot be the name of a session.`)
  const keys = Object.keys(metadata)
  for (const key of keys)
    if (!isMetadataKey(key)) throw new InvalidRequest(`"${key}" cannot be a key of metadata.`)
  if ([cwd, ...argv, ...Object.values(env)].some((word) => word.includes('\0')))
    throw new InvalidRequest('No argument, folder or variable can hold a NUL byte.')
  const target = `=${name}:`
  // A single word after `--` goes through a shell, so there are always two at least.
  const words = ['env', ...unset.flatMap((variable) => ['-u', variable]), ...argv]
  return [
    [
      'new-session',
      '-d',
      '-P',
      '-F',
      `${mark}|#{session_id}|#{pane_id}|#{pane_pid}`,
      '-s',
      name,
      '-x',
      '200',
      '-y',
      '50',
      // A start directory is a format: `#(…)` in a folder's name would run.
      '-c',
      cwd.replaceAll('#', '##'),
      ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
      '--',
      ...words,
    ],
    ['set-option', '-p', '-t', target, 'remain-on-exit', 'on'],
    // What marks the agent's processes must not mark those of a pane that a person opens beside it.
    ...Object.keys(env)
      .filter((key) => key.startsWith('LAB_'))
      .map((key) => ['set-environment', '-t', target, '-u', key]),
    ['set-option', '-p', '-t', target, '@lab_agent', encodeValue(metadata.id)],
    ['set-option', '-p', '-F', '-t', target, '@lab_keeper', '#{pane_pid}'],
    ...keys.map((key) => [
      'set-option',
      '-t',
      target,
      `@lab_${key}`,
      encodeValue(metadata[key] ?? ''),
    ]),
    ['set-option', '-t', target, '@lab_keys', keys.join(',')],
  ]
}

/** Ends a pane if it carries the agent's mark and still runs what lab started in it, decided and done by tmux in one step; a session ends with its last pane. */
export function killPaneCommand(paneId: string, id: string): Command {
  // The mark lies percent-encoded, so nothing in it can end the format or the string around it.
  const isTheOne = `#{==:#{@lab_agent},${encodeValue(id)}}`
  // Not what a person started in it since; a pane of an earlier lab's does not tell.
  const isItsKeeper = '#{||:#{==:#{@lab_keeper},},#{==:#{@lab_keeper},#{pane_pid}}}'
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

/** What a lab is told that may not hold the server. */
export const heldAnswer = 'held'

/** The format that is true when the holder is this one. */
function is(owner: string): string {
  return `#{==:#{@lab_owner},${owner}}`
}

/** Takes the server over from whoever was seen holding it, or from nobody, in one step. */
export function ownCommand(owner: string, instead: string): Command {
  const target = `=${selfName}:`
  const mayTake = `#{||:${is('')},#{||:${is(owner)},${is(instead)}}}`
  const take = `set-option -t ${target} @lab_owner '${owner}'`
  return ['if-shell', '-F', '-t', target, mayTake, take, `display-message -p ${heldAnswer}`]
}

const explanation = `This session belongs to lab, which keeps its connection to tmux here.
Nothing runs in it. Leave it with C-b d; ending it does no harm, lab makes a new one.`

/** Creates lab's own session, which only sleeps and tells a visitor what it is. */
export function selfCommands(): readonly Command[] {
  return [
    [
      'new-session',
      '-d',
      '-s',
      selfName,
      '-x',
      '200',
      '-y',
      '50',
      '-c',
      '/',
      '--',
      'sh',
      '-c',
      'printf "%s\\n" "$1"; exec sleep 2147483647',
      'lab-self',
      explanation,
    ],
    ['set-option', '-t', `=${selfName}:`, '@lab_self', '1'],
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
