// Adapters → the service of instances, with all that it keeps in lab's folder. Called by serve.ts alone.
import { join } from 'node:path'
import { createClaudeHome, type ClaudeHome } from '../claude/home.ts'
import { programEnvironment } from '../claude/launch.ts'
import type { Config } from '../config/config.ts'
import { createInstances, type Instances } from '../instances/instances.ts'
import { openLaunchNotes } from '../store/launch-notes.ts'
import { type Log } from '../log.ts'
import { readBootId } from '../processes/proc.ts'
import { createProjects } from '../projects/projects.ts'
import { openJournal } from '../store/journal.ts'
import { type StateDir, type Upkeep } from '../store/upkeep.ts'
import { openStore, type Store } from '../store/store.ts'
import type { Tmux } from '../tmux/tmux.ts'
import type { Runtime } from './serve.ts'

// The only account, until the configuration names others.
const defaultAccount = 'default'
// SIGTERM → SIGKILL; Claude itself takes 1.6 s at most.
const graceMs = 4000

/** Puts the service together from its adapters; nothing is watched or listed before `open`. */
export async function compose(
  config: Config,
  runtime: Runtime,
  { tmux, log, dir, upkeep }: { tmux: Tmux; log: Log; dir: StateDir; upkeep: Upkeep },
): Promise<{
  instances: Instances
  home: ClaudeHome
  store: Store
}> {
  const { stateDir, projectsRoot } = config
  const store = openStore({
    dir: stateDir,
    now: () => new Date(),
    prepare: () => dir.prepare(),
    onHealth(failure) {
      if (failure) log.error({ err: failure }, 'the store could not be written; lab goes on trying')
      else log.info('the store is written again')
      instances.noticesMayHaveChanged()
    },
  })
  if (store.corruptKeptAt)
    log.error({ keptAt: store.corruptKeptAt }, 'the store could not be read and was kept aside')
  for (const one of store.setAside)
    log.error(
      { ...one, path: store.path },
      'a record of the store could not be read; it stays there',
    )
  const home = createClaudeHome({
    account: defaultAccount,
    configDir: config.claudeConfigDir,
    userHome: runtime.home,
    command: config.claude,
    environment: programEnvironment(runtime.env, config.passEnv),
    onProgramChange: () => instances.noticesMayHaveChanged(),
  })
  const instances = createInstances({
    tmux,
    homes: new Map([[home.account, home]]),
    store,
    journal: openJournal(stateDir, log, () => dir.prepare()),
    log,
    openLaunchNotes(onChange) {
      const notes = openLaunchNotes(join(stateDir, 'notes'), onChange)
      void upkeep.add('notes', () => notes.prepare(), 'always')
      return notes
    },
    prepareStateDir: () => upkeep.look(),
    openProjects: (onChange) => createProjects({ root: projectsRoot, onChange, log }),
    instancesMax: config.maxInstances,
    bootId: readBootId(),
    launch: {
      command: config.claude,
      environment: runtime.env,
      passEnv: config.passEnv,
      stateDir,
      nofile: config.sessionNofile,
      historyLimit: config.historyLimit,
    },
    graceMs,
    now: Date.now,
  })
  await upkeep.add('state.json', () => store.update(() => undefined), 'again')
  // A disk that takes nothing is known for one at once.
  if (!dir.isHeld()) await store.update(() => undefined).catch(() => undefined)
  return { instances, home, store }
}
