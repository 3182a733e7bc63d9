// The claude program: its path, its version and its login. lab calls it in the background and keeps the
// answers: a call takes up to a second, so no request waits for one.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { execa } from 'execa'

export type Login = 'logged_in' | 'logged_out' | 'unknown'

export interface ClaudeProgram {
  /** The path of the program; null when there is none. Cheap enough for a request. */
  locate(): string | null
  /** The version by the latest call; null before it. */
  version(): string | null
  /** The login by the latest call, if that is at most `freshMs` old; else `unknown`. */
  login(): Login
  /** The login by the latest call, of any age; `unknown` before it. */
  lastLogin(): Login
  /** Calls the program again in the background when the answers have aged. A change calls `onChange`. */
  refresh(): void
  /** Calls the program now, after a call that runs, and resolves when lab has the answers. Never rejects. */
  recheck(): Promise<void>
}

// lab believes an answer about the login for this long.
const freshMs = 30_000
const callTimeoutMs = 10_000
// A child of claude may hold its output open without end. lab uses the output until this long after the exit.
const outputMs = 1000

/** Makes the program named by `command`, a name on PATH or a path. It calls nothing before `refresh`. */
export function createClaudeProgram(options: {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  readonly onChange: () => void
  /** How long one call may take. */
  readonly timeoutMs?: number
}): ClaudeProgram {
  const { command, env, onChange, timeoutMs = callTimeoutMs } = options
  let version: string | null = null
  let versionOf: string | null = null
  let login: Login = 'unknown'
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | null = null

  async function output(path: string, args: readonly string[]): Promise<string> {
    const running = execa(path, args, {
      env,
      extendEnv: false,
      reject: false,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      stdin: 'ignore',
      stderr: 'ignore',
      cwd: '/',
    })
    running.once('exit', () => setTimeout(() => running.stdout.destroy(), outputMs))
    const { stdout } = await running
    return typeof stdout === 'string' ? stdout : ''
  }

  async function ask(path: string): Promise<void> {
    const stamp = stampOf(path)
    if (version === null || versionOf !== stamp) {
      version = /\d+\.\d+\.\d+\S*/.exec(await output(path, ['--version']))?.[0] ?? null
      versionOf = stamp
    }
    login = parseLogin(await output(path, ['auth', 'status', '--json']))
    askedAt = performance.now()
  }

  function call(path: string): Promise<void> {
    const before = `${login} ${version}`
    asking = ask(path)
      .catch(() => void (login = 'unknown'))
      .finally(() => {
        asking = null
        if (before !== `${login} ${version}`) onChange()
      })
    return asking
  }

  const path = (): string | null => locate(command, env['PATH'] ?? '')
  return {
    locate: path,
    version: () => version,
    login: () => (performance.now() - askedAt < freshMs ? login : 'unknown'),
    lastLogin: () => login,
    refresh() {
      const found = path()
      // At half the age limit, so that an answer in use does not expire.
      if (!found || asking || performance.now() - askedAt < freshMs / 2) return
      void call(found)
    },
    async recheck() {
      await asking
      const found = path()
      if (found) await (asking ?? call(found))
    },
  }
}

/** Reads the output of `claude auth status --json`. The exit status adds nothing to it. */
export function parseLogin(stdout: string): Login {
  try {
    const { loggedIn } = JSON.parse(stdout) as { loggedIn?: unknown }
    if (typeof loggedIn === 'boolean') return loggedIn ? 'logged_in' : 'logged_out'
  } catch {
    // Not JSON: an older version or another program.
  }
  return 'unknown'
}

/** The path of a program that this process may run, or null. */
export function locate(command: string, searchPath: string): string | null {
  const candidates = command.includes('/')
    ? [command]
    : searchPath.split(delimiter).map((dir) => join(dir, command))
  return candidates.find((path) => isAbsolute(path) && isProgram(path)) ?? null
}

/** Identifies the program at a path; an update of the program changes the stamp. */
function stampOf(path: string): string {
  const { ino, mtimeMs, size } = statSync(path)
  return `${path} ${ino} ${mtimeMs} ${size}`
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
