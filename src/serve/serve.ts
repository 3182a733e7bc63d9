// One lab, from its start to its end. Only main.ts calls it.
import { checkClaudeDir } from '../claude/paths.ts'
import { checkNamed, variableNames } from '../claude/variables.ts'
import type { Config } from '../config/config.ts'
import { UsageError } from '../errors.ts'
import { createLog } from '../log.ts'
import { keepProblems } from '../problems.ts'
import { readProcess, type ProcessId } from '../processes/proc.ts'
import { checkRoot } from '../projects/root.ts'
import { newBootToken } from '../store/server-file.ts'
import { holdServer } from '../tmux/ownership.ts'
import type { Tmux } from '../tmux/tmux.ts'
import { nameGuards } from '../web/access/auth.ts'
import { createCounts } from '../web/access/limits.ts'
import { assets } from '../web/assets/assets.ts'
import { createCast } from './cast.ts'
import {
  composeApp,
  composeGuards,
  composeNotify,
  composeService,
  composeTmux,
  type Runtime,
  type ComposeContext,
} from './compose.ts'
import { openConfigFile } from './config-file.ts'
import { openHttp } from './http.ts'
import { keepStatusLine } from './status-line.ts'
import { openState } from './state-dir.ts'

export interface Lab {
  /** Reads the configuration file again. Never rejects. */
  reload(): Promise<void>
  /** Closes the streams and everything that lab opened. The instances keep running. */
  close(): Promise<void>
}

/** Starts lab and resolves when it answers requests. @throws UsageError with the remedy */
export async function serve(config: Config, runtime: Runtime): Promise<Lab> {
  await checkRoot(config.projectsRoot)
  checkNamed(config.passEnv)
  checkClaudeDir(config)
  const configFile = await openConfigFile(config.configFile)
  const self = readProcess(process.pid) ?? { pid: process.pid, start: '' }
  const problems = keepProblems(createLog(config.logLevel), Date.now)
  const { log } = problems
  const state = openState(config.stateDir, self, { log, onTaken: runtime.onTaken })
  try {
    return await start({ config, configFile, runtime, state, log, problems }, self)
  } catch (error) {
    state.close()
    throw error
  }
}

async function start(context: ComposeContext, self: ProcessId): Promise<Lab> {
  const { config, runtime, state, log } = context
  let noticesMayHaveChanged: (() => void) | null = null
  // First of all: lab touches nothing when a newer lab wrote the store.
  const store = await state.openStore(() => noticesMayHaveChanged?.())
  const token = newBootToken()
  const guards = await composeGuards(context, token)
  const tmux = await composeTmux(context)
  const ownership = await holdServer(tmux, self, { log, onTaken: runtime.onTaken })
  const service = composeService(context, tmux, store)
  const { instances } = service
  noticesMayHaveChanged = () => instances.noticesMayHaveChanged()
  await instances.open().catch((error: unknown) => {
    throw new UsageError(
      `lab cannot read --projects-root ${config.projectsRoot}. Give lab's user the right to read it.`,
      { cause: error },
    )
  })
  const notify = composeNotify(context, instances)
  const endStatusLine = keepStatusLine(instances, tmux, log)
  const counts = createCounts()
  const cast = runtime.cast ? createCast(instances, runtime.cast, log) : null
  const app = composeApp(context, service, { tmux, guards, notify, counts, assets, cast })
  const http = await openHttp(app.fetch, config, counts)
  await keepServerFile(context, tmux, { url: http.url, self, token })
  announce(context, {
    url: http.url,
    guard: nameGuards(guards),
    claudeDir: service.home.dir,
    tmux: tmux.argv,
  })
  for (const warning of guards.warnings) log.warn(warning)
  runtime.onListening(http.url)
  void cast?.begin()
  return {
    async reload() {
      await context.configFile.reload(log)
      instances.noticesMayHaveChanged()
    },
    async close() {
      await cast?.close()
      ownership.stop()
      app.close()
      notify.close()
      await http.close()
      await instances.close()
      await endStatusLine()
      await tmux.close()
      state.close()
      log.info('lab has ended; the instances keep running')
    },
  }
}

/** Writes server.json again when tmux is replaced: `lab tmux` must run the program that reaches the server. */
async function keepServerFile(
  { state, log }: ComposeContext,
  tmux: Tmux,
  facts: { readonly url: string; readonly self: ProcessId; readonly token: string },
): Promise<void> {
  let argv = tmux.argv
  const write = await state.keepServerFile(() => ({ ...facts, tmux: argv }))
  tmux.onWake(() => {
    if (tmux.argv.join(' ') === argv.join(' ')) return
    argv = tmux.argv
    write().catch((err: unknown) => log.warn({ err }, 'lab could not write server.json'))
  })
}

function announce({ config, runtime, state, log }: ComposeContext, facts: object): void {
  const { projectsRoot, claudeConfigDirFrom, passEnv } = config
  const claudeDirFrom = claudeConfigDirFrom ?? 'default'
  log.info({ ...facts, stateDir: state.path, projectsRoot, claudeDirFrom }, 'listening')
  log.info(
    variableNames(runtime.env, passEnv),
    "agents do not get the withheld variables of lab's environment; --pass-env NAME passes one on",
  )
}
