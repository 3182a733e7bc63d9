// What it means that a listing says nothing of an instance: an end only where nothing lives that could
// still hold it. Anything else is unknown, and said in words.
import { isRunning, isTmuxServer, readProcess, type ProcessId } from '../../processes/proc.ts'
import { boundPathOf } from '../../tmux/client/socket-file.ts'
import type { ServerIdentity } from '../../tmux/tmux.ts'
import type { ServerId } from '../../core/instance.ts'
import type { Doubt, Entry } from '../state/entry.ts'

/** The server of a listing, by exact identity. */
export function serverIdOf(server: Pick<ServerIdentity, 'pid'> | null): ServerId | null {
  return server && { pid: server.pid, start: readProcess(server.pid)?.start ?? null }
}

/** Whether both are one server; a start time that one of them lacks tells nothing. */
export function isSameServer(a: ServerId | null, b: ServerId | null): boolean {
  if (!a || !b || a.pid !== b.pid) return false
  return a.start === null || b.start === null || a.start === b.start
}

/** Whether a tmux server still runs with something in its panes. */
export function isLivingServer({ pid, start }: ServerId): boolean {
  return isTmuxServer(pid) && (start === null || isRunning({ pid, start }))
}

/** Whether the server in which it was last seen is neither the one that was listed nor alive. */
export function isServerGone({ launch: { server } }: Entry, listed: ServerId | null): boolean {
  if (!server) return listed === null
  return !isSameServer(server, listed) && !isLivingServer(server)
}

/** Whether its keeper runs, whatever tmux says. */
export function hasLivingKeeper({ launch: { keeper } }: Entry): boolean {
  return keeper !== null && isRunning(keeper)
}

/** Why an instance that was not listed may live all the same, and what to do; null when nothing of it can. */
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
  const because = `tmux does not list its pane as lab made it: an option @lab_… was changed by hand, or the pane carries another’s. Its process ${lives.pid} runs, so lab leaves it alone. Stop ends it.`
  return { because, socket: null }
}

/** Why a dead pane or a note is no end: its keeper runs. */
export function livingKeeperDoubt({ launch: { keeper } }: Entry): Doubt {
  const because = `tmux says that nothing runs in its pane, and its process ${keeper?.pid} runs. Stop ends it.`
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
    ? `It runs on (process ${keeper.pid}) in another tmux server (process ${server.pid}${at})`
    : `It was last seen in another tmux server, which runs (process ${server.pid}${at})`
  const isListedThere = listed !== null && path !== null && path === boundPathOf(listed.pid)
  const remedy = isListedThere
    ? `That server lost its socket to a newer one (process ${listed.pid}). Once the newer one has ended, kill -USR1 ${server.pid} has the older open its socket again.`
    : path === null
      ? `Start lab with that server’s --tmux-socket to have it back.`
      : `lab --tmux-socket ${path} shows it again; if that file is gone, kill -USR1 ${server.pid} has the server open it.`
  const stop = keeper ? ' Stop ends it from here.' : ''
  return { because: `${what}, and lab speaks to ${argv}. ${remedy}${stop}`, socket: path }
}
