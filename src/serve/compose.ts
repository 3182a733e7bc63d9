// The composition: adapters → service → app. A new adapter or service gets its dependencies here. Only
// serve.ts calls it.
import { hostname } from 'node:os'
import { createClaudeHome, type ClaudeHome } from '../claude/home.ts'
import { programEnvironment } from '../claude/launch.ts'
import { variableNames } from '../claude/variables.ts'
import type { Config } from '../config/config.ts'
import { UsageError } from '../errors.ts'
import { defaultAccount } from '../core/instance.ts'
import { createInstances, type Instances } from '../instances/instances.ts'
import type { Log } from '../log.ts'
import { createNotify, type Notify } from '../notify/notify.ts'
import type { Problems } from '../problems.ts'
import { readBootId } from '../processes/proc.ts'
import { createProjects } from '../projects/projects.ts'
import type { Store } from '../store/store.ts'
import { createTmux } from '../tmux/adapter.ts'
import type { Tmux } from '../tmux/tmux.ts'
import { nameGuards, openGuards, type Guards } from '../web/access/auth.ts'
import type { Counts } from '../web/access/limits.ts'
import { createApp, type WebApp, type WebDeps } from '../web/app.tsx'
import { createServerInfo } from '../web/server-info.ts'
import type { ConfigFile } from './config-file.ts'
import type { Cast, Part } from './cast.ts'
import type { State } from './state-dir.ts'

export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly version: string
  /** The argument vector that runs this lab's program, such as for one of its commands. */
  readonly command: readonly string[]
  /** The agents of a demonstration; missing where lab runs real agents. */
  readonly cast?: readonly Part[]
  /** Called once, with the address, when lab answers requests. */
  readonly onListening: (url: string) => void
  /** Called when another lab took the tmux server while that was away: this lab must end. */
  readonly onTaken: (error: UsageError) => void
}

/** The context that every part of the composition may use. */
export interface ComposeContext {
  readonly config: Config
  readonly configFile: ConfigFile
  readonly runtime: Runtime
  readonly state: State
  readonly log: Log
  /** What the log was told about single instances. */
  readonly problems: Problems
}

/** Opens the guards that authenticate requests. `bootToken` is for lab's own commands. */
export function composeGuards(
  { config, state, log }: ComposeContext,
  bootToken: string,
): Promise<Guards> {
  return openGuards(config, {
    bootToken,
    openAuthSessions: () => state.openAuthSessions(),
    log,
    now: Date.now,
    steadyNow: () => performance.now(),
  })
}

/** Makes the tmux adapter. It does not touch a tmux server yet. @throws UsageError when tmux is missing or too old */
export async function composeTmux({ config, runtime, state, log }: ComposeContext): Promise<Tmux> {
  return createTmux({
    socket: config.tmuxSocket,
    historyLimit: config.historyLimit,
    bufferDir: await state.makeBufferDir(),
    clientsFile: state.clientsFile,
    env: runtime.env,
    client: 'control',
    onTaken: () =>
      runtime.onTaken(
        new UsageError(
          'Another lab took the tmux server while it was away, so this lab ends. The agents keep running.',
        ),
      ),
    log,
  })
}

// From SIGTERM to SIGKILL. Claude itself takes at most 1.6 s.
const graceMs = 4000

export interface ComposedService {
  readonly instances: Instances
  readonly home: ClaudeHome
  readonly store: Store
}

/** Makes the service of instances. It looks once for keepers in /proc, and asks tmux nothing before its `open`. */
export function composeService(
  { config, configFile, runtime, state, log }: ComposeContext,
  tmux: Tmux,
  store: Store,
): ComposedService {
  const home = createClaudeHome({
    account: defaultAccount,
    configDir: config.claudeConfigDir,
    userHome: runtime.home,
    command: config.claude,
    environment: programEnvironment(runtime.env, config.passEnv),
    onProgramChange: () => instances.noticesMayHaveChanged(),
  })
  state.keepPrograms(runtime.command)
  const instances: Instances = createInstances({
    tmux,
    homes: new Map([[home.account, home]]),
    store,
    journal: state.openJournal(),
    log,
    openLaunchNotes: (onChange) => state.openLaunchNotes(onChange),
    openSpool: (onFile) => state.openSpool(onFile),
    prepareStateDir: () => state.prepare(),
    openProjects: (onChange) => createProjects({ root: config.projectsRoot, onChange, log }),
    configFile,
    instancesMax: config.maxInstances,
    bootId: readBootId(),
    launch: {
      command: config.claude,
      environment: runtime.env,
      passEnv: config.passEnv,
      stateDir: state.path,
      nofile: config.sessionNofile,
      historyLimit: config.historyLimit,
    },
    graceMs,
    now: Date.now,
  })
  return { instances, home, store }
}

/** Begins to tell the operator of what the instances need. */
export function composeNotify(
  { config, configFile, state, log }: ComposeContext,
  instances: Instances,
): Notify {
  return createNotify({
    instances,
    preferences: () => configFile.current().notify,
    url: config.notifyUrl,
    file: state.openNotifyFile(),
    log,
    now: Date.now,
  })
}

/** Makes the page and the JSON API over the service. */
export function composeApp(
  { config, runtime, state, log, problems }: ComposeContext,
  { instances, home, store }: ComposedService,
  parts: { readonly tmux: Tmux; readonly counts: Counts; readonly cast: Cast | null } & Pick<
    WebDeps,
    'guards' | 'assets' | 'notify'
  >,
): WebApp {
  const { tmux, guards, notify, counts, assets, cast } = parts
  const { projectsRoot, passEnv } = config
  return createApp({
    instances,
    notify,
    server: createServerInfo({
      version: runtime.version,
      machine: hostname(),
      bootedAt: new Date().toISOString(),
      guard: nameGuards(guards),
      projectsRoot,
      stateDir: state.path,
      claudeDir: { dir: home.dir, dirFrom: config.claudeConfigDirFrom },
      variables: { passed: passEnv, ...variableNames(runtime.env, passEnv) },
      tmux,
      claude: home.program,
      instances,
      refused: () => counts.all(),
    }),
    requestRules: { boundHost: config.host, allowedHosts: config.allowedHosts },
    guards,
    proxies: { networks: config.trustedProxies, userHeader: config.proxyUserHeader },
    counts,
    projectsRoot,
    problems: (id) => problems.of(id),
    log,
    assets,
    demo: cast,
    readiness: () => (!instances.isReadable() ? 'starting' : store.failure() ? 'unwritable' : 'ok'),
  })
}
