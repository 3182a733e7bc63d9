// Which lab a command talks to: the one named by flag or environment, else the one whose note lies in
// a state directory. The note outlives lab, so it counts only while exactly that process still runs.
import { join } from 'node:path'
import { absolutePath, defaultStateDir } from '../argv.ts'
import { UsageError } from '../errors.ts'
import { isRunning, isTmuxServer } from '../processes/proc.ts'
import { readTextSync } from '../read-file.ts'
import { Failure, type CliContext, type ServerFlags } from './command.ts'

export interface Server {
  readonly url: URL
  readonly token: string | null
  /** In whose name lab writes down what is asked of it. */
  readonly actor: 'cli' | 'agent'
  /** Whether it runs on this machine for certain: only then is an argv that it names run here. */
  readonly isLocal: boolean
}

interface Note {
  readonly url: string
  readonly pid: number
  readonly procStart: string
  readonly token: string
  readonly tmux: readonly string[]
}

/** Finds the running lab. @throws Failure when there is none, UsageError for a bad flag */
export function findServer(flags: ServerFlags, context: CliContext): Server {
  const { env } = context
  if (flags.url !== undefined && flags['state-dir'] !== undefined)
    throw new UsageError('--url and --state-dir each name a lab; give one of them.')
  // lab gives its id to every agent that it starts.
  const actor = env['LAB_INSTANCE'] ? 'agent' : 'cli'
  const url = flags.url ?? (flags['state-dir'] === undefined ? env['LAB_URL'] : undefined)
  if (url) {
    const name = flags.url === undefined ? 'LAB_URL' : '--url'
    return {
      url: parseUrl(url, name),
      token: tokenOf(env['LAB_TOKEN_FILE']),
      actor,
      isLocal: false,
    }
  }
  if (flags.url === '') throw new UsageError('--url is empty; give the address that lab printed.')
  const gone: string[] = []
  for (const dir of stateDirs(flags, context)) {
    const note = readNote(dir)
    if (!note) continue
    if (isRunning({ pid: note.pid, start: note.procStart }))
      return {
        url: parseUrl(note.url, join(dir, 'server.json')),
        token: note.token,
        actor,
        isLocal: true,
      }
    gone.push(`process ${note.pid} of ${dir} is gone`)
  }
  const reason =
    gone.length > 0 ? gone : [`no server.json in ${stateDirs(flags, context).join(', ')}`]
  throw new Failure(`lab is not running (${reason.join('; ')}); start it with \`lab serve\`.`)
}

/** The process of the lab that a state directory names and that still runs; null without one. @throws Failure */
export function runningLab(
  flags: ServerFlags,
  context: CliContext,
): { readonly pid: number } | null {
  const notes = stateDirs(flags, context).map(readNote)
  const note = notes.find((one) => one && isRunning({ pid: one.pid, start: one.procStart }))
  return note ? { pid: note.pid } : null
}

/** The command that reaches lab's tmux server, from the last lab's note; it need not run any more. */
export function lastTmuxArgv(flags: ServerFlags, context: CliContext): readonly string[] {
  const notes = stateDirs(flags, context).map(readNote)
  const running = notes.find((note) => note && isRunning({ pid: note.pid, start: note.procStart }))
  const note = running ?? notes.find((candidate) => candidate !== null)
  const [program = 'tmux', ...rest] = note?.tmux ?? ['tmux', '-L', 'lab']
  // The program of a server that has ended since names nothing, or another process.
  const server = /^\/proc\/(\d+)\/exe$/.exec(program)?.[1]
  return [server && !isTmuxServer(Number(server)) ? 'tmux' : program, ...rest]
}

function stateDirs(flags: ServerFlags, context: CliContext): string[] {
  const { env, homedir, systemStateDir } = context
  if (flags['state-dir'] === '')
    throw new UsageError('--state-dir is empty; give it a value or leave it out.')
  const named = flags['state-dir'] ?? env['LAB_STATE_DIR']
  if (named) return [absolutePath(named, context)]
  const own = [defaultStateDir(env, homedir), defaultStateDir({}, homedir)]
  return [...new Set([...own, systemStateDir ?? '/var/lib/lab'])]
}

function readNote(dir: string): Note | null {
  const path = join(dir, 'server.json')
  let text: string
  try {
    text = readTextSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    const remedy = code === 'EACCES' ? 'ask its owner to make you one of its operators' : code
    throw new Failure(`${path} cannot be read: ${remedy}.`)
  }
  const note = parseNote(text)
  if (!note)
    throw new Failure(`${path} was not written by lab; restart lab to have it written anew.`)
  return note
}

function parseNote(text: string): Note | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const note = (value ?? {}) as Partial<Record<keyof Note, unknown>>
  const strings = [note.url, note.procStart, note.token]
  if (!strings.every((field) => typeof field === 'string') || !Number.isInteger(note.pid))
    return null
  const { tmux } = note
  if (!Array.isArray(tmux) || tmux.length === 0) return null
  return tmux.every((word) => typeof word === 'string') ? (note as Note) : null
}

function parseUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) {
    if (!url.pathname.endsWith('/')) url.pathname += '/'
    return url
  }
  throw new UsageError(`${name} ${JSON.stringify(text)} is not an address; write http://HOST:PORT.`)
}

/** The first token of a file with lines `NAME: TOKEN` or `TOKEN`. */
function tokenOf(path: string | undefined): string | null {
  if (!path) return null
  let text: string
  try {
    text = readTextSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Failure(`LAB_TOKEN_FILE ${path} cannot be read: ${code ?? 'no reason given'}.`)
  }
  const line = text.split('\n').find((candidate) => candidate.trim() !== '') ?? ''
  const token = line.replace(/^[^:]*:\s/, '').trim()
  if (/^[!-~]+$/.test(token)) return token
  throw new Failure(`LAB_TOKEN_FILE ${path} does not hold a token: write one in its first line.`)
}
