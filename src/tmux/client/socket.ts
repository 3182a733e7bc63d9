// Which tmux server lab talks to and with what: the socket, the environment tmux itself gets, and
// whether the tmux on this machine will do. Reads nothing but what it is given.
import { execa } from 'execa'
import { isAbsolute } from 'node:path'
import { UsageError } from '../../errors.ts'

export interface Server {
  /** `own`: lab's, started and set up by it. `default`: the operator's. `given`: another unit's, never started here. */
  readonly kind: 'own' | 'default' | 'given'
  /** What precedes a subcommand in every call lab makes. */
  readonly args: readonly string[]
  /** What a person types. */
  readonly argv: readonly string[]
}

/** Reads `--tmux-socket`: a name, `default`, or an absolute path. @throws UsageError for anything else */
export function parseSocket(socket: string): Server {
  if (isAbsolute(socket))
    return { kind: 'given', args: ['-S', socket, '-u', '-N'], argv: ['tmux', '-S', socket] }
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(socket))
    throw new UsageError(
      `--tmux-socket "${socket}" is neither a name ([A-Za-z0-9_.-]) nor an absolute path.`,
    )
  if (socket === 'default')
    return { kind: 'default', args: ['-L', 'default', '-u'], argv: ['tmux'] }
  return {
    kind: 'own',
    args: ['-L', socket, '-f', '/dev/null', '-u'],
    argv: ['tmux', '-L', socket],
  }
}

// A server keeps the environment of whoever started it for all its sessions, so it gets what a login
// has and nothing of what lab itself was started with.
const passed = [
  'PATH',
  'HOME',
  'SHELL',
  'USER',
  'LOGNAME',
  'TERM',
  'TZ',
  'TMPDIR',
  'TMUX_TMPDIR',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'LOCALE_ARCHIVE',
]

/** The environment for tmux itself: an allow-list of lab's own, and a UTF-8 locale. */
export function tmuxEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const name of passed) {
    const value = env[name]
    if (value !== undefined) result[name] = value
  }
  const lang = env['LANG'] ?? ''
  result['LANG'] = /utf-?8/i.test(lang) ? lang : 'C.UTF-8'
  return result
}

/** Asks tmux for its version, such as `3.3a`. @throws UsageError with the remedy when lab cannot use it */
export async function checkVersion(
  tmuxPath: string,
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<string> {
  const result = await askVersion(tmuxPath, env, timeoutMs)
  if (result.code === 'ENOENT' || result.code === 'EACCES')
    throw new UsageError(
      `'${tmuxPath}' not found. Install tmux 3.2 or newer, or put it on lab's PATH.`,
    )
  const version = versionIn(result)
  if (version === null)
    throw new UsageError(
      `'${tmuxPath} -V' printed no version: ${result.stderr || result.shortMessage || 'no output'}.`,
    )
  if (!isAtLeast(version, '3.2'))
    throw new UsageError(`tmux ${version} is too old, lab needs 3.2 or newer. Upgrade tmux.`)
  return version
}

/** What a program says of its version as tmux does; null when it cannot be run or is no tmux. */
export async function readVersion(
  ...program: Parameters<typeof checkVersion>
): Promise<string | null> {
  return versionIn(await askVersion(...program))
}

function askVersion(tmuxPath: string, env: Readonly<Record<string, string>>, timeoutMs: number) {
  return execa(tmuxPath, ['-V'], {
    env,
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
    reject: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
}

function versionIn({ exitCode, stdout }: Awaited<ReturnType<typeof askVersion>>): string | null {
  // tmux calls itself by the name of its file, which is `exe` under /proc.
  return exitCode === 0 ? (/^(?:tmux|exe) (\S+)/.exec(stdout)?.[1] ?? null) : null
}

/**
 * Whether a version as tmux tells it (`3.3a`, `next-3.8`) is that release or a later one. `master` and
 * the like carry no number and are newer than any release; OpenBSD numbers its own after the system,
 * where 6.9 has what 3.2 has.
 */
export function isAtLeast(version: string, release: string): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? []
  const [wantedMajor, wantedMinor] = release.split('.').map(Number) as [number, number]
  if (major === undefined || Number(major) > wantedMajor) return true
  return Number(major) === wantedMajor && Number(minor) >= wantedMinor
}
