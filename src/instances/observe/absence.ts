// Judges an instance that a listing lacks. It has ended only if neither its keeper nor its tmux server
// lives; otherwise its state is unknown, and lab says why.
import { isRunning, isTmuxServer, readProcess, type ProcessId } from '../../processes/proc.ts'
import { boundPathOf } from '../../tmux/client/socket-file.ts'
import type { ServerIdentity } from '../../tmux/tmux.ts'
import type { ServerId } from '../../core/instance.ts'
import type { Entry } from '../state/entry.ts'
import type { Doubt } from '../state/seen.ts'

/** The server of a listing, by exact identity. */
export function serverIdOf(server: Pick<ServerIdentity, 'pid'> | null): ServerId | null {
  return server && { pid: server.pid, start: readProcess(server.pid)?.start ?? null }
}

/** Whether both are one server. A missing start time matches any other. */
export function isSameServer(a: ServerId | null, b: ServerId | null): boolean {
  if (!a || !b || a.pid !== b.pid) return false
  return a.start === null || b.start === null || a.start === b.start
}

/** Whether a tmux server still runs with something in its panes. */
export function isLivingServer({ pid, start }: ServerId): boolean {
  return isTmuxServer(pid) && (start === null || isRunning({ pid, start }))
}

/** Whether the tmux server of the instance is neither the listed one nor alive. */
export function isServerGone({ launch: { server } }: Entry, listed: ServerId | null): boolean {
  if (!server) return listed === null
  return !isSameServer(server, listed) && !isLivingServer(server)
}

/** Whether the instance's keeper runs, whatever tmux reports. */
export function hasLivingKeeper({ launch: { keeper } }: Entry): boolean {
  return keeper !== null && isRunning(keeper)
}

/** Why an instance that the listing lacks may still live, and what to do; null when it cannot. */
export function doubtOf(
  entry: Entry,
  listed: ServerId | null,
  /** The command that reaches the listed server. */
  argv: readonly string[],
): Doubt | null {
  const { server, keeper } = entry.launch
  const lives = hasLivingKeeper(entry) ? keeper : null
  if (server && !isSameServer(server, listed) && isLivingServer(server))
    return inOtherServer({ server, keeper: lives, listed, argv: argv.join(' ') })
  if (!lives) return null
  const because = `tmux does not list its pane as lab made it: a person changed an option @lab_…, or the pane carries the options of another instance. Its process ${lives.pid} runs, so lab leaves it alone. Stop ends it.`
  return { because, socket: null }
}

/** The doubt about a dead pane or a note while the keeper runs. */
export function livingKeeperDoubt({ launch: { keeper } }: Entry): Doubt {
  const because = `tmux reports that nothing runs in its pane, but its process ${keeper?.pid} runs. Stop ends it.`
  return { because, socket: null }
}

function inOtherServer({
  server,
  keeper,
  listed,
  argv,
}: {
  server: ServerId
  keeper: ProcessId | null
  listed: ServerId | null
  argv: string
}): Doubt {
  const path = boundPathOf(server.pid)
  const at = path === null ? '' : `, socket ${path}`
  const what = keeper
    ? `It still runs (process ${keeper.pid}) in another tmux server (process ${server.pid}${at})`
    : `lab saw it last in another tmux server, which runs (process ${server.pid}${at})`
  const isListedThere = listed !== null && path !== null && path === boundPathOf(listed.pid)
  const remedy = isListedThere
    ? `That server lost its socket to a newer one (process ${listed.pid}). After the newer one has ended, kill -USR1 ${server.pid} makes the older one open its socket again.`
    : path === null
      ? `Start lab with that server’s --tmux-socket to see it again.`
      : `Start lab with --tmux-socket ${path} to see it again; if that file is gone, kill -USR1 ${server.pid} makes the server create it.`
  const stop = keeper ? ' Stop ends it from here.' : ''
  return { because: `${what}, and lab uses ${argv}. ${remedy}${stop}`, socket: path }
}
