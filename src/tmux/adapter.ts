// The adapter: keeps tmux's promise (tmux.ts) with real clients. Composes the parts of this room.
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { Log } from '../log.ts'
import type { ServerProgram } from './client/server-program.ts'
import { checkVersion, parseSocket, tmuxEnv, type Server } from './client/socket.ts'
import { createTransport } from './client/transport.ts'
import { createLabSession } from './lab-session.ts'
import { createLister } from './lister.ts'
import { createAppearance, createNewSession } from './new-session.ts'
import { createClaim } from './ownership.ts'
import { createPanes } from './panes.ts'
import type { Tmux } from './tmux.ts'

export interface TmuxOptions {
  /** `lab` or another name, an absolute path, or `default`. */
  readonly socket: string
  /** Lines of history on lab's own server, for panes that somebody opens beside lab's. */
  readonly historyLimit: number
  /** Where texts wait for tmux to read them; in lab's state directory. */
  readonly bufferDir: string
  /** Where the control clients are written down, for the next lab to end what a killed one left. */
  readonly clientsFile?: string
  /** lab's own environment, from which tmux gets an allow-list. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly tmuxPath?: string
  /** The deadline of every call. */
  readonly timeoutMs?: number
  /** Called when another lab has taken the server while it was away. */
  readonly onTaken?: () => void
  readonly client: 'control' | 'spawned'
  readonly log: Log
}

/**
 * Finds tmux and makes the adapter. The adapter reaches no server before the first call, and with
 * `control` it keeps no connection before `setOwner`. @throws UsageError when tmux is missing or too old
 */
export async function createTmux(options: TmuxOptions): Promise<Tmux> {
  const { tmuxPath = 'tmux', timeoutMs = 2000, client, clientsFile, historyLimit, log } = options
  const server = parseSocket(options.socket)
  const env = tmuxEnv(options.env)
  const version = await checkVersion(tmuxPath, env, timeoutMs)
  const rowTag = `lab-${randomUUID()}`
  const transport = createTransport({
    server,
    env,
    tmuxPath,
    version,
    timeoutMs,
    client,
    clientsFile,
    prepare: () => claim.renew(),
    log,
  })
  const { run, program } = transport
  // lab's own session is looked at rarely, so each of those calls spawns a tmux.
  const labSession = createLabSession({ spawned: program.run, server, historyLimit, timeoutMs })
  const claim = createClaim({ labSession, program, timeoutMs, onTaken: options.onTaken, log })
  const list = createLister(transport, { rowTag, timeoutMs, onKept: () => log.warn(keptMessage) })
  const clientVersion = () => program.version()

  return {
    get argv() {
      return argvOf(server, program)
    },
    get version() {
      return program.version()
    },
    misfit: () => program.misfit(),
    attachArgv: (to) => [...argvOf(server, program), 'attach', '-t', attachTarget(to)],
    async list() {
      const listing = await list()
      program.saw(listing.server)
      // A connected lab notices nothing, but without the file no terminal and no later lab gets in.
      if (listing.server) await transport.keepSocket()
      return listing
    },
    newSession: createNewSession({ run, server, clientVersion, rowTag, timeoutMs }),
    ...createPanes(transport, { bufferDir: resolve(options.bufferDir), timeoutMs }),
    ...createAppearance({ run, server, timeoutMs }),
    owner: () => labSession.owner(),
    async setOwner(owner, instead = null) {
      await claim.take(owner, instead)
      await transport.connect()
    },
    onWake: (wake) => transport.onWake(wake),
    close: () => transport.close(),
  }
}

const keptMessage =
  'the tmux server had exit-unattached on, which would end every agent with lab; lab turned it off'

/** The command that reaches the server now from a shell. */
function argvOf(server: Server, program: ServerProgram): readonly string[] {
  // path() comes first: it forgets the program of a server that is gone, and the misfit with it.
  const own = program.path()
  return program.misfit()?.isBridged ? [own, ...server.argv.slice(1)] : server.argv
}

/** By name only where a name can be told from the rest of a target: since 3.7 it may hold a colon. */
function attachTarget({ name, paneId }: { name?: string; paneId?: string | undefined }): string {
  if (name !== undefined && (!name.includes(':') || paneId === undefined)) return `=${name}:`
  return paneId ?? ''
}
