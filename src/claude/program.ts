// The claude program itself: where it is, which version, and whether somebody is logged in. Asked in
// the background and cached: a call takes up to a second, so no request ever waits for one.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { execa } from 'execa'

export type Login = 'logged_in' | 'logged_out' | 'unknown'

export interface ClaudeProgram {
  /** Where it is now; null when there is no such program. Cheap enough for a request. */
  locate(): string | null
  /** As last asked; null until then. */
  version(): string | null
  /** As last asked, at most `freshMs` ago; else `unknown`. */
  login(): Login
  /** As last asked, however long ago; `unknown` until then. */
  lastLogin(): Login
  /** Asks again in the background when the answer has aged; `onChange` tells of another answer. */
  refresh(): void
}

// As long as an answer about the login is believed.
const freshMs = 30_000
const callTimeoutMs = 10_000
// A child that claude left behind may hold its output open for ever: what came until then counts.
const outputMs = 1000

/** Watches over the program named by `command`, a name on PATH or a path. */
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
  let asking = false

  async function call(path: string, args: readonly string[]): Promise<string> {
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
      version = /\d+\.\d+\.\d+\S*/.exec(await call(path, ['--version']))?.[0] ?? null
      versionOf = stamp
    }
    login = parseLogin(await call(path, ['auth', 'status', '--json']))
    askedAt = performance.now()
  }

  return {
    locate: () => locate(command, env['PATH'] ?? ''),
    version: () => version,
    login: () => (performance.now() - askedAt < freshMs ? login : 'unknown'),
    lastLogin: () => login,
    refresh() {
      const path = locate(command, env['PATH'] ?? '')
      // Half the time an answer is believed: one that is used is never about to expire.
      if (!path || asking || performance.now() - askedAt < freshMs / 2) return
      const before = `${login} ${version}`
      asking = true
      ask(path)
        .catch(() => (login = 'unknown'))
        .finally(() => {
          asking = false
          if (before !== `${login} ${version}`) onChange()
        })
    },
  }
}

/** Reads `claude auth status --json`, whose exit status says nothing that its text does not. */
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

/** Tells the program at a path from the one that an update puts there. */
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
