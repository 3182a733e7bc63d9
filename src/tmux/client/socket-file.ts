// Which tmux server listens on which socket, as the kernel tells it: a server lives on when somebody
// removes the file of its socket, and nobody reaches it then. Reads only, but for `reopenSocket`.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unlessAbsent } from '../../processes/absence.ts'
import { isRunning, isTmuxServer, readProcess, type ProcessId } from '../../processes/proc.ts'
import type { Server } from './socket.ts'

/** The path at which tmux looks for a server's socket, by tmux's own rule. */
export function socketPath(
  { kind, args }: Server,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const name = args[1] ?? ''
  if (kind === 'given') return name
  const base = [env['TMUX_TMPDIR'], '/tmp'].map(realPathOf).find((path) => path !== null) ?? '/tmp'
  return join(base, `tmux-${process.getuid?.() ?? 0}`, name)
}

/** The path at which that server has bound its socket, whether or not the file is still there; null when it cannot be told. */
export function boundPathOf(pid: number): string | null {
  const listening = listeningSockets()
  for (const inode of socketInodesOf(pid)) {
    const path = listening.get(inode)
    if (path !== undefined) return path
  }
  return null
}

/** A tmux server that listens on a socket bound at that path, although the file may be gone or another's; null without one. */
export function serverBoundAt(path: string): ProcessId | null {
  const inodes = new Set(
    [...listeningSockets()].flatMap(([inode, at]) => (at === path ? [inode] : [])),
  )
  if (inodes.size === 0) return null
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const pid = Number(name)
    const found = isTmuxServer(pid) && socketInodesOf(pid).some((inode) => inodes.has(inode))
    const process = found && isSameFolder(pid, dirname(path)) ? readProcess(pid) : null
    if (process) return { pid: process.pid, start: process.start }
  }
  return null
}

const reopenMs = 1000
const pollMs = 10

/** Has a tmux server open its socket again and tells whether the file is there; the server's sessions do not notice. */
export async function reopenSocket(server: ProcessId, path: string): Promise<boolean> {
  try {
    // Whatever took the file may have taken its folder along, without which tmux cannot bind.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 })
    if (!isRunning(server) || !isTmuxServer(server.pid)) return false
    process.kill(server.pid, 'SIGUSR1')
  } catch {
    return false
  }
  const deadline = performance.now() + reopenMs
  while (!existsSync(path)) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}

/** Whether a path leads that process where it leads lab: in another mount namespace it may be another folder. */
function isSameFolder(pid: number, path: string): boolean {
  const [own, theirs] = [identityOf(path), identityOf(`/proc/${pid}/root${path}`)]
  // A folder that was removed with its socket: the one above it decides.
  if (own === null && theirs === null && path !== '/') return isSameFolder(pid, dirname(path))
  return own !== null && own === theirs
}

function identityOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path)
    return `${dev} ${ino}`
  } catch {
    return null
  }
}

const listeningFlag = 0x10000

/** The paths of all sockets on which somebody listens, by inode. */
function listeningSockets(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of linesOf('/proc/net/unix')) {
    // The path is the last field, and may hold spaces itself.
    const [, flags = '', inode = '', path = ''] =
      /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) (.+)$/.exec(line) ?? []
    if (path !== '' && (Number.parseInt(flags, 16) & listeningFlag) !== 0) found.set(inode, path)
  }
  return found
}

function socketInodesOf(pid: number): readonly string[] {
  return unlessAbsent(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]
    return inode === undefined ? [] : [inode]
  })
}

function linkOf(path: string): string {
  return unlessAbsent(() => readlinkSync(path), '')
}

function linesOf(path: string): readonly string[] {
  return unlessAbsent(() => readFileSync(path, 'utf8'), '').split('\n')
}

function realPathOf(path: string | undefined): string | null {
  try {
    return path ? realpathSync(path) : null
  } catch {
    return null
  }
}
