// The composition of the service: configuration → adapters → instances → app. Called by main.ts alone.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { checkClaudeDir } from '../claude/paths.ts'
import { checkNamed, variableNames } from '../claude/variables.ts'
import { compose } from './compose.ts'
import type { Config } from '../config/config.ts'
import { UsageError } from '../errors.ts'
import { createLog } from '../log.ts'
import { readProcess, type ProcessId } from '../processes/proc.ts'
import { checkRoot } from '../projects/root.ts'
import { newBootToken, writeServerFile } from '../store/server-file.ts'
import { openAuthSessions } from '../store/auth-sessions.ts'
import { dropLinks, makeDir } from '../store/state-dir.ts'
import { createUpkeep, openStateDir, type StateDir } from '../store/upkeep.ts'
import { createTmux } from '../tmux/adapter.ts'
import { holdServer } from '../tmux/ownership.ts'
import { limitConnections, createCounts, serverLimits } from '../web/access/limits.ts'
import { nameGuards, openGuards } from '../web/access/auth.ts'
import { trustOf } from '../web/access/client.ts'
import { listen } from './listen.ts'
import { createServerInfo } from '../web/server-info.ts'
import { createApp } from '../web/app.tsx'
import { assets } from '../web/assets/assets.ts'

export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly version: string
  /** Called once, with the address, when requests are answered. */
  readonly onListening: (url: string) => void
  /** Another lab took the tmux server while it was away: this one must end. */
  readonly onTaken: (error: UsageError) => void
}

export interface Lab {
  /** Closes the streams and everything that lab opened; no instance notices. */
  close(): Promise<void>
}

// Requests that are under way when lab is told to end may take this long.
const closeMs = 1000
const idleMs = 20

/** Starts lab and resolves when it answers requests. @throws UsageError when it cannot, with the remedy */
export async function serve(config: Config, runtime: Runtime): Promise<Lab> {
  await checkRoot(config.projectsRoot)
  checkNamed(config.passEnv)
  checkClaudeDir(config)
  const self = readProcess(process.pid) ?? { pid: process.pid, start: '' }
  const dir = openStateDir(config.stateDir, self)
  try {
    return await serveLocked(config, runtime, { self, dir })
  } catch (error) {
    dir.release()
    throw error
  }
}

async function serveLocked(
  config: Config,
  runtime: Runtime,
  { self, dir }: { self: ProcessId; dir: StateDir },
): Promise<Lab> {
  const { stateDir } = config
  const log = createLog(config.logLevel)
  dropLinks(stateDir, log)
  const upkeep = createUpkeep(dir, { onTaken: runtime.onTaken, log })
  const bootToken = newBootToken()
  const guards = await openGuards(config, {
    bootToken,
    async openAuthSessions() {
      const signIns = await openAuthSessions(stateDir, Date.now)
      await upkeep.add('sign-ins.json', () => signIns.save(), 'missing')
      return signIns
    },
    log,
    now: Date.now,
    steadyNow: () => performance.now(),
  })
  const bufferDir = join(stateDir, 'buffers')
  await upkeep.add('buffers', () => void makeDir(bufferDir), 'missing')
  const tmux = await createTmux({
    socket: config.tmuxSocket,
    historyLimit: config.historyLimit,
    bufferDir,
    clientsFile: join(stateDir, 'tmux-clients.json'),
    env: runtime.env,
    client: 'control',
    onTaken: () =>
      runtime.onTaken(
        new UsageError(
          'Another lab took the tmux server while it was away; this one ends. No agent notices.',
        ),
      ),
    log,
  })
  const owning = await holdServer(tmux, self, { log, onTaken: runtime.onTaken })
  const { instances, home, store } = await compose(config, runtime, { tmux, log, dir, upkeep })
  await instances.open().catch((error: unknown) => {
    throw new UsageError(`--projects-root ${config.projectsRoot} cannot be read.`, { cause: error })
  })

  const counts = createCounts()
  const variables = variableNames(runtime.env, config.passEnv)
  const claudeDir = { dir: home.dir, dirFrom: config.claudeConfigDirFrom }
  const app = createApp({
    instances,
    server: createServerInfo({
      version: runtime.version,
      bootedAt: new Date().toISOString(),
      guard: nameGuards(guards),
      projectsRoot: config.projectsRoot,
      stateDir,
      claudeDir,
      variables: { passed: config.passEnv, ...variables },
      tmux,
      claude: home.program,
      instances,
      refused: () => counts.all(),
    }),
    requestRules: { boundHost: config.host, allowedHosts: config.allowedHosts },
    guards,
    proxies: { networks: config.trustedProxies, userHeader: config.proxyUserHeader },
    counts,
    projectsRoot: config.projectsRoot,
    log,
    assets,
    readiness: () => (!instances.isReadable() ? 'starting' : store.failure() ? 'unwritable' : 'ok'),
  })
  const created = createAdaptorServer({ fetch: app.fetch, serverOptions: serverLimits }) as Server
  limitConnections(created, trustOf(config.trustedProxies), counts)
  const server = await listen(created, config)
  const { port } = server.address() as AddressInfo
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
  let noted = tmux.argv
  const writeNote = () => writeServerFile(stateDir, { url, self, token: bootToken, tmux: noted })
  await upkeep.add('server.json', writeNote, 'start')
  // When tmux was replaced, another program reaches the server, and `lab tmux` shall run that one.
  tmux.onWake(() => {
    if (tmux.argv.join(' ') === noted.join(' ')) return
    noted = tmux.argv
    writeNote().catch((err: unknown) => log.warn({ err }, 'server.json could not be written'))
  })
  log.info(
    {
      url,
      guard: nameGuards(guards),
      stateDir,
      projectsRoot: config.projectsRoot,
      claudeDir: home.dir,
      claudeDirFrom: config.claudeConfigDirFrom ?? 'default',
      tmux: tmux.argv,
    },
    'listening',
  )
  log.info(
    variables,
    "agents do not get the withheld variables of lab's environment; --pass-env NAME passes one on",
  )
  for (const warning of guards.warnings) log.warn(warning)
  runtime.onListening(url)

  return {
    async close() {
      owning.stop()
      app.close()
      const closed = new Promise((resolve) => server.close(resolve))
      // What a stream leaves that was just ended is an idle connection a moment later.
      const idle = setInterval(() => server.closeIdleConnections(), idleMs)
      setTimeout(() => server.closeAllConnections(), closeMs).unref()
      await closed
      clearInterval(idle)
      await instances.close()
      await tmux.close()
      upkeep.close()
      dir.release()
      log.info('ended; the instances run on')
    },
  }
}
