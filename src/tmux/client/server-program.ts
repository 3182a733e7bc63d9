// Which tmux lab runs: the one on its PATH, or the running server's own program. What client and server
// say to each other changed with 3.6, under one number of the protocol, so after an upgrade across 3.6
// neither refuses the other: an older server leaves a newer client's attach without an answer, and an
// older client takes every answer of a newer server for that server's end.
import { stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Log } from '../../log.ts'
import { isRunning, readProcess, type ProcessId } from '../../processes/proc.ts'
import { answerOf } from '../../read-file.ts'
import type { Reply, Run } from './reply.ts'
import { isAtLeast, readVersion, type Server } from './socket.ts'
import { serverBoundAt, socketPath } from './socket-file.ts'
import type { Misfit, ServerIdentity } from '../tmux.ts'

export interface ServerProgram {
  /** The program to run for a call, a connection or a person's terminal. */
  path(): string
  /** The version of tmux on the PATH, as lab last read it. */
  version(): string
  misfit(): Misfit | null
  /** Whether a connection can come up; lab tries none while it cannot. */
  mayConnect(): boolean
  /** Asks client and server for their versions and chooses the program; never rejects. */
  review(): Promise<void>
  /** Looks again when the listed server, or tmux on the PATH, is another than at the last review. */
  saw(server: ServerIdentity | null): void
  /** Runs a call, and once more by the server's own program where the first could not be understood. */
  readonly run: Run
}

interface Bridge extends ProcessId {
  readonly path: string
}

export interface ServerProgramDeps {
  readonly server: Server
  readonly tmuxPath: string
  readonly version: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly spawn: Run
  /** Called when another program is chosen, or what is told of it changes. */
  readonly onChange: () => void
  readonly log: Log
}

/** Starts with tmux from the PATH; `spawn` runs a call with `path()`. */
export function createServerProgram(deps: ServerProgramDeps): ServerProgram {
  const { server, tmuxPath, env, timeoutMs, spawn, onChange, log } = deps
  let version = deps.version
  let file = fileOf(tmuxPath, env)
  let bridge: Bridge | null = null
  let misfit: Misfit | null = null
  let reviewed: Pick<ServerIdentity, 'pid' | 'version'> | null = null
  let running: Promise<void> | null = null

  function path(): string {
    if (bridge && hasEnded(bridge)) choose(null, null)
    return bridge?.path ?? tmuxPath
  }

  function choose(program: Bridge | null, told: Misfit | null): void {
    const before = JSON.stringify([bridge, misfit])
    bridge = program
    misfit = told
    if (JSON.stringify([bridge, misfit]) !== before) onChange()
  }

  async function look(): Promise<void> {
    file = fileOf(tmuxPath, env)
    version = (await readVersion(tmuxPath, env, timeoutMs)) ?? version
    const reply = await spawn([['list-commands', '-F', '#{pid} #{version}', 'list-panes']])
    if (reply.kind === 'no-server') return choose(null, null)
    const [pid, told] = reply.kind === 'ok' ? (reply.lines[0] ?? '').split(' ') : []
    const found = pid ? Number(pid) : serverBoundAt(socketPath(server, env))?.pid
    if (!told && !isMisunderstood(reply)) return
    const own = found === undefined ? null : await programOf(found, { env, timeoutMs })
    const serverVersion = told ?? own?.version ?? null
    reviewed = found && serverVersion !== null ? { pid: found, version: serverVersion } : null
    if (serverVersion !== null && isSameWire(serverVersion, version)) return choose(null, null)
    const fits = own !== null && own.version === serverVersion
    choose(fits ? own.bridge : null, { server: serverVersion, isBridged: fits })
  }

  async function reviewIfReplaced(): Promise<void> {
    const [before, now] = await Promise.all([file, fileOf(tmuxPath, env)])
    if (now !== null && now !== before) await review()
  }

  function review(): Promise<void> {
    return (running ??= look()
      .catch((err: unknown) => log.warn({ err }, 'the tmux server could not be reviewed'))
      .finally(() => (running = null)))
  }

  return {
    path,
    version: () => version,
    misfit: () => misfit,
    mayConnect: () => misfit === null || misfit.isBridged,
    review,
    saw(listed) {
      const isOther = listed !== null && (listed.pid !== reviewed?.pid || listed.version !== reviewed.version) // prettier-ignore
      if (isOther) void review()
      else void reviewIfReplaced()
    },
    async run(commands, options) {
      const before = path()
      const reply = await spawn(commands, options)
      if (!isMisunderstood(reply)) return reply
      await review()
      // The server did not understand the first, so nothing was done yet.
      return path() === before ? reply : spawn(commands, options)
    },
  }
}

/** The server's own program, where lab may run it and it is tmux. */
async function programOf(
  pid: number,
  { env, timeoutMs }: Pick<ServerProgramDeps, 'env' | 'timeoutMs'>,
): Promise<{ readonly bridge: Bridge; readonly version: string } | null> {
  const process = readProcess(pid)
  const own = `/proc/${pid}/exe`
  const told = process && (await readVersion(own, env, timeoutMs))
  return told ? { bridge: { path: own, pid, start: process.start }, version: told } : null
}

/** Whether a process has ended; false while lab cannot read /proc, since that proves no end. */
function hasEnded(process: ProcessId): boolean {
  try {
    return !isRunning(process)
  } catch {
    return false
  }
}

/** Whether this is how a client before 3.6 takes what a later server says. */
function isMisunderstood(reply: Reply): boolean {
  return reply.kind === 'unavailable' && reply.stderr.startsWith('server exited unexpectedly')
}

function isSameWire(one: string, other: string): boolean {
  return isAtLeast(one, '3.6') === isAtLeast(other, '3.6')
}

/**
 * Tells the file behind a command from another that is put in its place; empty when there is none, null
 * when a disk on the PATH does not answer within 2 s.
 */
function fileOf(command: string, env: Readonly<Record<string, string>>): Promise<string | null> {
  const paths = command.includes('/')
    ? [command]
    : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, command))
  return answerOf(`find ${paths.join(delimiter)}`, () => firstFile(paths)).catch(() => null)
}

async function firstFile(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    // lab may not look at the path, such as one in another user's folder on the PATH, or nothing is there.
    const found = await stat(path).catch(() => null)
    if (found?.isFile()) return `${found.dev} ${found.ino} ${found.mtimeMs}`
  }
  return ''
}
