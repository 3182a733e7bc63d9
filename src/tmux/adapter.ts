// The adapter: tmux's promise (tmux.ts) kept with real clients. Composes the pure parts of this room.
import { capturedLines, captureCommands } from './capture.ts'
import { killPaneCommand } from './commands.ts'
import { createControl } from './client/control.ts'
import { createInput } from './input.ts'
import type { Log } from '../log.ts'
import { openStaleClients } from './client/stale-clients.ts'
import { isLab } from './ownership.ts'
import { createLister } from './lister.ts'
import { createLostSocket } from './client/lost-socket.ts'
import type { Command } from './client/quote.ts'
import { createNewSession } from './new-session.ts'
import { failureOf, type Run, type RunOptions } from './client/reply.ts'
import { createLabSession, isHeld, type Ensured } from './lab-session.ts'
import { checkVersion, parseSocket, tmuxEnv } from './client/socket.ts'
import { createServerProgram } from './client/server-program.ts'
import { socketPath } from './client/socket-file.ts'
import { createSpawned } from './client/spawned.ts'
import type { Owner, Tmux } from './tmux.ts'
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'

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
 * Finds tmux and makes the adapter; no server is touched before the first call, and with `control`
 * no connection is kept before `setOwner`. @throws UsageError when tmux is missing or too old
 */
export async function createTmux(options: TmuxOptions): Promise<Tmux> {
  const { tmuxPath = 'tmux', timeoutMs = 2000 } = options
  const server = parseSocket(options.socket)
  const env = tmuxEnv(options.env)
  const version = await checkVersion(tmuxPath, env, timeoutMs)
  let holder: Owner | null = null
  let isClosed = false
  const whileOpen =
    (through: Run): Run =>
    (commands, may) =>
      isClosed
        ? Promise.resolve({ kind: 'unavailable', stderr: 'lab is ending' })
        : through(commands, may)
  const rowTag = `lab-${randomUUID()}`
  const path = socketPath(server, env)
  const socket = createLostSocket({ server, path, log: options.log })
  const spawned = createSpawned({
    server,
    tmuxPath: () => program.path(),
    env,
    timeoutMs,
    rescue: () => socket.rescue(),
  })
  const { client, clientsFile } = options
  const left = client === 'control' && clientsFile ? openStaleClients(clientsFile) : null
  const wakes: (() => void)[] = []
  const wake = () => {
    for (const listener of wakes) listener()
  }
  const program = createServerProgram({
    server,
    tmuxPath,
    version,
    env,
    timeoutMs,
    spawn: whileOpen(spawned.run),
    onChange: wake,
  })
  const control =
    options.client === 'control'
      ? createControl({
          server,
          tmuxPath: () => program.path(),
          mayConnect: () => program.mayConnect(),
          env,
          timeoutMs,
          wake,
          log: options.log,
          spawned: program.run,
          prepare: reclaim,
          onOpened: (pid) => left?.opened(pid),
        })
      : null
  const self = createLabSession({
    spawned: program.run,
    server,
    historyLimit: options.historyLimit,
    timeoutMs,
  })
  const run = whileOpen(control?.run ?? program.run)
  const captureRun = whileOpen(control?.captureRun ?? program.run)

  async function must(
    commands: readonly Command[],
    by: { readonly run?: Run; readonly name: string } & RunOptions,
  ): Promise<readonly string[]> {
    const reply = await (by.run ?? run)(commands, by)
    if (reply.kind === 'ok') return reply.lines
    throw failureOf(by.name, reply, timeoutMs)
  }

  /** Before a connection: the server may be a new one, and another lab's by now. */
  async function reclaim(): Promise<Ensured> {
    await program.review()
    if (!program.mayConnect()) return { kind: 'unavailable', stderr: notUnderstood }
    const ensured = await self.ensure({})
    if (!isHeld(ensured)) return ensured
    const other = await self.owner()
    if (holder && other && !isLab(other)) {
      options.log.warn({ pid: other.pid }, '@lab_owner named a process that is not a lab')
      self.own(holder, other)
      return self.ensure({})
    }
    options.onTaken?.()
    return ensured
  }

  const list = createLister(
    { run, captureRun },
    {
      rowTag,
      timeoutMs,
      onKept: () =>
        options.log.warn(
          'the tmux server had exit-unattached on, which would end every agent with lab; lab turned it off',
        ),
    },
  )
  const argv = (): readonly string[] => {
    // Asked first: a server that is gone takes its program along, and what was told of it.
    const own = program.path()
    return program.misfit()?.isBridged ? [own, ...server.argv.slice(1)] : server.argv
  }
  const input = createInput(
    (commands) => must(commands, { name: 'paste-buffer' }),
    resolve(options.bufferDir),
  )

  return {
    get argv() {
      return argv()
    },
    get version() {
      return program.version()
    },
    misfit: () => program.misfit(),
    attachArgv: (to) => [...argv(), 'attach', '-t', attachTarget(to)],
    async list() {
      const listing = await list()
      program.saw(listing.server)
      // Connected, lab notices nothing, but no terminal and no later lab gets in.
      if (listing.server) await socket.keep()
      return listing
    },
    newSession: createNewSession({
      run,
      server,
      clientVersion: () => program.version(),
      rowTag,
      timeoutMs,
    }),
    async killPane({ paneId, id }) {
      assertPane(paneId)
      const reply = await run([killPaneCommand(paneId, id)], { changesSessions: true })
      if (reply.kind !== 'ok' && reply.kind !== 'gone' && reply.kind !== 'no-server')
        throw failureOf('kill-pane', reply, timeoutMs)
    },
    async capture(paneId, lines) {
      assertPane(paneId)
      const answer = await must(captureCommands(paneId, lines), {
        name: 'capture-pane',
        run: captureRun,
      })
      return capturedLines(answer).slice(-lines)
    },
    async typeText(paneId, text) {
      assertPane(paneId)
      await input.typeText(paneId, text)
    },
    async pressKeys(paneId, keys) {
      assertPane(paneId)
      await input.pressKeys(paneId, keys)
    },
    owner: () => self.owner(),
    async setOwner(owner, instead = null) {
      holder = owner
      self.own(owner, instead)
      const ensured = await self.ensure({ mayStart: true })
      if (ensured.kind !== 'ok') throw failureOf('set-option', ensured, timeoutMs)
      await control?.connect()
    },
    onWake(listener) {
      wakes.push(listener)
    },
    async close() {
      isClosed = true
      await control?.close()
      await spawned.close()
    },
  }
}

const notUnderstood = 'tmux and its server do not understand each other'

/** By name only where a name can be told from the rest of a target: since 3.7 it may hold a colon. */
function attachTarget({ name, paneId }: { name?: string; paneId?: string | undefined }): string {
  if (name !== undefined && (!name.includes(':') || paneId === undefined)) return `=${name}:`
  return paneId ?? ''
}

/** An id is tmux's own, never a name: a name would match by prefix. */
function assertPane(id: string): void {
  if (!/^%\d+$/.test(id)) throw new TypeError(`not the id of a pane: ${id}`)
}
