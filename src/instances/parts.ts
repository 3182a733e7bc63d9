// Puts the service together from its floors: `state`, `observe` and `actions`.
import { createReaper, type Reaper } from '../processes/reaper.ts'
import { createReapers } from '../processes/orphans.ts'
import { createServices } from '../processes/services.ts'
import type { Registry } from '../claude/registry/registry.ts'
import type { Projects } from '../projects/projects.ts'
import type { LaunchNotes } from '../store/launch-notes.ts'
import { createAnswer, type GiveAnswer } from './actions/answer.ts'
import { createFinish } from './actions/finish.ts'
import { createLaunch } from './actions/launch.ts'
import { createLeftBehind, type LeftBehind } from './actions/left-behind.ts'
import { createResume, type Resume } from './actions/resume.ts'
import { createSettings, type SettingsStore } from './actions/settings.ts'
import { createLogins, type LoginRoom } from './login/logins.ts'
import { createSend, type Send } from './input/send.ts'
import { createStart } from './actions/start.ts'
import { createStop, type Stop } from './actions/stop.ts'
import { createAdoption } from './observe/adoption.ts'
import { createAdvance } from './observe/advance.ts'
import { createAgents } from './observe/agents.ts'
import { createConversations, type Conversations } from './observe/conversation.ts'
import { createDaemons } from './observe/daemons.ts'
import { lookAtFolders, publishFound, readBranches } from './observe/folders.ts'
import { createHooks, type Hooks } from './questions/hooks.ts'
import { createMemory, type Memory } from './observe/memory.ts'
import { createObserver, type Observer } from './observe/observer.ts'
import { createQuestions, type Questions } from './questions/questions.ts'
import { createTranscripts, type Transcripts } from './questions/transcripts.ts'
import { createPrompts } from './input/prompts.ts'
import { createScreenWatch, type ScreenWatch } from './look/screen-watch.ts'
import { createReconcile } from './observe/reconcile.ts'
import { createStartupWatch } from './observe/startup-watch.ts'
import type { InstancesDeps } from './state/deps.ts'
import { createLedger, type Ledger } from './state/ledger.ts'
import { createOverview, type Overview } from './state/overview.ts'
import { keepersBut, recallKeepers, serversOf } from './state/servers.ts'

/** The state floor, and the sources that feed it. */
interface Known {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly overview: Overview
  readonly projects: Projects
  readonly notes: LaunchNotes
  readonly reaper: Reaper
  readonly conversations: Conversations
  readonly hooks: Hooks
  readonly questions: Questions
  readonly transcripts: Transcripts
  readonly logins: LoginRoom
}

export interface Parts extends Known {
  readonly observer: Observer
  readonly memory: Memory
  readonly leftBehind: LeftBehind
  readonly settings: SettingsStore
  readonly start: ReturnType<typeof createStart>
  readonly resume: Resume
  readonly stop: Stop
  readonly answer: GiveAnswer
  readonly send: Send
  readonly screens: ScreenWatch
}

/** Makes all parts of the service. The caller opens them. Reads /proc once, and lists nothing. */
export function createParts(deps: InstancesDeps): Parts {
  // The sources call this later, when `observer` exists.
  const wake = (): void => observer.wake()
  const known = createKnown(deps, wake)
  const leftBehind = createLeftBehind(known)
  const finish = createFinish({ ...known, leftBehind })
  const stop = createStop({ ...known, finish })
  const advance = createAdvance({
    ...known,
    end: (entry, end) => finish.begin(entry, end),
    continueStop: (entry) => stop.continueStop(entry),
    lookSoon: (ms) => void setTimeout(wake, ms),
  })
  const memory = createMemory(known.ledger, deps.log)
  const observer = createObserving(known, { advance, leftBehind, memory, wake })
  const launcher = createLaunch({ ...known, observer })
  const settings = createSettings(deps, known.projects)
  const start = createStart({ ...known, observer, launcher, settings })
  const resume = createResume({ ...known, observer, launcher })
  const answer = createAnswer(known)
  const send = createSend({ ...known, prompts: createPrompts(known.hooks) })
  const screens = createScreenWatch({ ...known, ...deps })
  const acting = { start, resume, stop, answer, send }
  return { ...known, ...acting, observer, memory, leftBehind, settings, screens }
}

function createKnown(deps: InstancesDeps, wake: () => void): Known {
  const overview = createOverview(
    deps,
    () => ledger,
    () => projects,
  )
  const ledger = createLedger(deps, (entry) => overview.present(entry))
  const projects = deps.openProjects(() => publishFound(ledger, overview, projects))
  for (const home of deps.homes.values()) home.onRegistryChange(wake)
  const notes = deps.openLaunchNotes(wake)
  const reaper = createInstanceReaper(deps, ledger)
  const conversations = createConversations({ deps, ledger })
  const hooks = createHooks(deps, ledger)
  const questions = createQuestions({ deps, ledger, hooks, wake })
  const transcripts = createTranscripts({ deps, ledger, hooks, wake })
  const logins = createLogins({ deps, ledger })
  ledger.subscribe((event) => {
    if (event.type === 'removed') notes.removeSettings(event.id)
  })
  // Before anything can wake the observer: a listing must not take a missing keeper for an end.
  recallKeepers(ledger, notes)
  const read = { conversations, hooks, questions, transcripts, logins }
  return { deps, ledger, overview, projects, notes, reaper, ...read }
}

/** Makes the reaper. It excludes the tmux servers and the processes of other instances. */
function createInstanceReaper(
  { graceMs, log, store, homes }: InstancesDeps,
  ledger: Ledger,
): Reaper {
  const daemons = createDaemons(homes)
  const excludedPids = (): readonly number[] => serversOf(ledger, store)
  return createReaper({
    graceMs,
    log,
    excludedPids,
    isReaper: createReapers(excludedPids),
    isOfService: createServices(excludedPids),
    othersOf: (id) => keepersBut(ledger, id),
    agentOf(id) {
      const entry = ledger.find(id)
      return entry?.seen.lastAgent ?? entry?.launch.registered ?? null
    },
    heldByOthers: (id, found, table) =>
      daemons.heldByOthers(found, table, ledger.find(id)?.launch.parkedJobId ?? null),
  })
}

function createObserving(
  known: Known,
  {
    advance,
    leftBehind,
    memory,
    wake,
  }: {
    readonly advance: ReturnType<typeof createAdvance>
    readonly leftBehind: LeftBehind
    readonly memory: Memory
    readonly wake: () => void
  },
): Observer {
  const { deps, ledger, overview, projects, hooks } = known
  const { tmux, log, homes } = deps
  const agents = createAgents(homes, ledger)
  const adopt = createAdoption(known)
  const watchStartups = createStartupWatch(deps, ledger, wake)
  return createObserver({
    list: () => tmux.list(),
    apply: createReconcile({ ...known, agents, adopt, advance }),
    fail(error) {
      if (overview.isReadable()) log.error({ err: error }, 'lab cannot read tmux')
      overview.setReadable(error instanceof Error ? error.message : 'lab cannot read tmux.')
    },
    reconcileFailed: (error) => log.warn({ err: error }, 'the look every 2 s failed'),
    reconcile() {
      for (const { registry } of homes.values()) void reconcileRegistry(registry, log)
      agents.forget()
      hooks.look()
      readBranches(ledger)
      lookAtFolders(ledger, projects)
      leftBehind.reconcile()
      // An open page that asks for a login must also show that the login succeeded.
      for (const { program } of homes.values())
        if (memory.isWatched() && program.lastLogin() === 'logged_out') program.refresh()
      overview.noticesMayHaveChanged()
      // A link that does not come turns `unavailable` with time alone, without a change of any value.
      ledger.republish()
      void watchStartups()
    },
  })
}

/** Looks at a registry's directory once its disk answers. */
async function reconcileRegistry(registry: Registry, log: InstancesDeps['log']): Promise<void> {
  try {
    if (await registry.answers()) registry.reconcile()
  } catch (error) {
    log.warn({ err: error }, 'the look at the registry failed')
  }
}
