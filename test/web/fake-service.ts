// The service without tmux and claude: keeps the contract of `Service` in memory, as test/contract shows,
// and lets a test say what happens to an instance.
import { randomUUID } from 'node:crypto'
import type { Actor } from '../../src/core/actor.ts'
import {
  isLive,
  isOpen,
  type ResumeOffer,
  type Evidence,
  type ForeignSession,
  type Instance,
  type Notice,
  type Project,
} from '../../src/core/instance.ts'
import type { LabEvent } from '../../src/core/events.ts'
import type { ProjectKey } from '../../src/core/names.ts'
import {
  defaultPreferences,
  firstChoices,
  modes,
  type LabSettings,
} from '../../src/core/settings.ts'
import type { Screen } from '../../src/core/input/message.ts'
import { decideStart } from '../../src/core/start.ts'
import {
  AlreadyRunning,
  AtCapacity,
  QuestionGone,
  InstanceNotFound,
  InvalidLabel,
  InvalidRequest,
  ProjectNotFound,
  type LabError,
} from '../../src/errors.ts'
import { NotRunning } from '../../src/errors/input.ts'
import type { Service } from '../../src/instances/service.ts'
import { createFakeLogins } from './fake-logins.ts'

export interface FakeService extends Service {
  /** What was asked, oldest first, as `verb subject by actor`. */
  readonly asked: string[]
  /** Makes the next start fail. */
  failNext(error: Error): void
  /** Changes an instance as the outside world would. */
  change(id: string, fields: Partial<Instance>): void
  /** Ends an instance by itself. */
  die(id: string, evidence?: Partial<Evidence>): void
  /** Ends the stop of an instance. */
  swept(id: string, evidence?: Partial<Evidence>): void
  addProject(key: string, path?: string): void
  removeProject(key: string): void
  setNotices(notices: readonly Notice[]): void
  setResumeOffer(offer: ResumeOffer | null): void
  setForeign(foreign: readonly ForeignSession[]): void
  listeners(): number
  /** How often a new look was asked for. */
  refreshes(): number
  /** Changes what every instance's screen shows. */
  show(screen: Screen): void
  /** The ids of the instances whose screens are watched. */
  looking(): readonly string[]
  /** How many want to know the memory. */
  watchers(): number
}

export interface FakeServiceOptions {
  readonly projects?: readonly string[]
  readonly max?: number
  readonly root?: string
  readonly now?: () => number
}

export function createFakeService(options: FakeServiceOptions = {}): FakeService {
  const { max = 6, root = '/srv/projects', now = Date.now } = options
  const paths = new Map((options.projects ?? ['foo', 'bar']).map((key) => [key, `${root}/${key}`]))
  const all = new Map<string, Instance>()
  const listeners = new Set<(event: LabEvent) => void>()
  const asked: string[] = []
  let notices: readonly Notice[] = []
  let foreign: readonly ForeignSession[] = []
  let failure: Error | null = null
  let resumeOffer: ResumeOffer | null = null
  let choices = firstChoices
  const quickWords = new Map<string, readonly string[]>()
  let watchers = 0
  let screen: Screen = { columns: 80, rows: ['hello'] }
  const looking = new Set<{ id: string; listener: (screen: Screen) => void }>()
  let refreshes = 0

  const emit = (event: LabEvent): void => listeners.forEach((listener) => listener(event))
  const time = (): string => new Date(now()).toISOString()
  const live = (): Instance[] => [...all.values()].filter(({ state }) => isLive(state))
  const cap = () => ({ max, used: live().length })

  function get(id: string): Instance {
    const instance = all.get(id)
    if (!instance) throw new InstanceNotFound(id)
    return instance
  }

  function change(id: string, fields: Partial<Instance>): Instance {
    const old = all.get(id)
    const before = cap().used
    const stamp = fields.state && fields.state !== old?.state ? { since: time() } : {}
    const instance = { ...old, ...stamp, ...fields } as Instance
    // Ended instances stand in the order of their ends.
    if (fields.endedAt) all.delete(id)
    all.set(id, instance)
    emit({ type: 'instance', instance })
    if (cap().used !== before) emit({ type: 'cap', cap: cap() })
    return instance
  }

  function list({ ended = false }: { readonly ended?: boolean } = {}): readonly Instance[] {
    const known = [...all.values()]
    const inOrder = (some: Instance[]): Instance[] =>
      some.toSorted((a, b) => a.project.localeCompare(b.project) || a.slot - b.slot)
    if (!ended) return inOrder(known.filter(isOpen))
    const over = known.filter(({ endedAt }) => endedAt !== null).toReversed()
    return [...inOrder(known.filter(({ endedAt }) => endedAt === null)), ...over]
  }

  function projectOf(key: string): Project {
    const path = paths.get(key)
    if (path === undefined) throw new ProjectNotFound(key)
    return { key, path, lastUsedAt: null, instances: list().filter((i) => i.project === key) }
  }

  function refuseIfLive(id: string): void {
    const { name, state } = get(id)
    if (isLive(state)) throw new InvalidRequest(`${name} still runs. Stop it first.`)
  }

  function refuseUnlessLive(id: string): void {
    const { name, state } = get(id)
    if (!isLive(state) || state === 'stopping') throw new NotRunning(name, state)
  }

  /** Those that are there, then those of which only instances are left. */
  function projects(): readonly Project[] {
    const open = list()
    const gone = open.filter(({ project }) => !paths.has(project))
    return [
      ...[...paths.keys()].map(projectOf),
      ...[...new Map(gone.map((one) => [one.project, one.projectPath]))].map(
        ([key, path]): Project => ({
          key,
          path,
          lastUsedAt: null,
          instances: open.filter(({ project }) => project === key),
          gone: true,
        }),
      ),
    ]
  }

  const { models, efforts } = defaultPreferences
  function settings(): LabSettings {
    const words = [...quickWords].filter(([, texts]) => texts.length > 0)
    return { ...choices, models, efforts, modes, quickWords: Object.fromEntries(words) }
  }

  function stop(id: string, by: Actor): Instance {
    asked.push(`stop ${id} by ${by}`)
    const instance = get(id)
    if (!isLive(instance.state) || instance.state === 'stopping') return instance
    return change(id, { state: 'stopping', waitingFor: null })
  }

  function resume(id: string, by: Actor, { force = false, blank = false } = {}): Instance {
    asked.push(`resume ${id}${force ? ' forced' : ''}${blank ? ' blank' : ''} by ${by}`)
    if (failure) {
      const error = failure
      failure = null
      throw error
    }
    const { name, state, linkState } = get(id)
    if (isLive(state) && linkState !== 'lost') throw new AlreadyRunning(name, [])
    if (isLive(state)) change(id, { state: 'stopped', endedAt: time() })
    if (cap().used >= max) throw new AtCapacity(max)
    return change(id, { state: 'starting', linkState: 'connecting', endedAt: null, evidence: null })
  }

  return {
    asked,
    async start({ project, label = '', force, prompt = '', ...spec }, by) {
      asked.push(`start ${project} ${JSON.stringify(label)}${force ? ' forced' : ''} by ${by}`)
      if (prompt !== '') asked.push(`prompt ${JSON.stringify(prompt)}`)
      const { path } = projectOf(project)
      const { model = choices.model, effort = choices.effort, mode = choices.mode } = spec
      if (spec.isRemembered) choices = { model, effort, mode }
      if (failure) {
        const error = failure
        failure = null
        throw error
      }
      const names = live().map(({ name }) => name)
      const key = project as ProjectKey
      const decision = decideStart({ key, label, names, capMax: max, used: cap().used })
      if (!decision.ok)
        throw decision.code === 'at_capacity'
          ? new AtCapacity(max)
          : new InvalidLabel(decision.reason)
      const id = randomUUID()
      return change(id, {
        id,
        name: decision.name,
        project,
        projectPath: path,
        slot: decision.slot,
        label: decision.label,
        kind: 'manual',
        state: 'starting',
        waitingFor: null,
        limitedUntil: null,
        continuesByItself: false,
        question: null,
        doing: null,
        unread: false,
        background: false,
        isBlank: false,
        unknownBecause: null,
        conversation: id,
        deepLink: null,
        linkState: 'connecting',
        account: 'default',
        workspace: { kind: 'shared', path, branch: null, moved: null },
        model,
        effort,
        mode,
        pid: null,
        attached: 0,
        attach: ['tmux', '-L', 'lab', 'attach', '-t', `=${decision.name}:`],
        memoryBytes: null,
        createdAt: time(),
        lastActivityAt: null,
        endedAt: null,
        evidence: null,
        dismissed: false,
        left: [],
      })
    },
    resume: async (id, by, how) => resume(id, by, how),
    async resumeAll(ids, by, how) {
      return ids.map((id) => {
        const { name } = get(id)
        try {
          resume(id, by, how)
          return { id, name, outcome: 'starting' }
        } catch (error) {
          const { code, message } = error as LabError
          return { id, name, outcome: 'failed', error: { code, message } }
        }
      })
    },
    resumeOffer: () => resumeOffer,
    watchMemory() {
      watchers += 1
      return () => void (watchers -= 1)
    },
    stop,
    async stopAll(project, by) {
      if (project !== null) projectOf(project)
      return live()
        .filter((instance) => project === null || instance.project === project)
        .map(({ id, name }) => {
          stop(id, by)
          return { id, name, outcome: 'stopping' }
        })
    },
    async send(id, { text, submit }, by) {
      asked.push(`send ${text} to ${id} by ${by}`)
      refuseUnlessLive(id)
      return { receipt: submit ? 'submitted' : 'typed' }
    },
    async keys(id, keys, by) {
      asked.push(`press ${keys.join(' ')} in ${id} by ${by}`)
      refuseUnlessLive(id)
      return { receipt: 'typed' }
    },
    dismiss(id, by) {
      asked.push(`dismiss ${id} by ${by}`)
      refuseIfLive(id)
      all.delete(id)
      emit({ type: 'removed', id })
    },
    async answer(id, { question, ...given }, by) {
      asked.push(`answer ${question} with ${JSON.stringify(given)} by ${by}`)
      if (get(id).question?.id !== question) throw new QuestionGone()
      return change(id, { state: 'busy', question: null, waitingFor: null })
    },
    async endLeft(id, by) {
      asked.push(`end what ${id} left by ${by}`)
      refuseIfLive(id)
      return change(id, { left: get(id).left.filter(({ servesOthers }) => servesOthers) })
    },
    dismissOffer(ids, by) {
      const over = list({ ended: true }).filter(
        ({ id, state }) => ids.includes(id) && !isLive(state),
      )
      asked.push(`dismiss offer of ${over.length} by ${by}`)
      return over.map(({ id }) => change(id, { dismissed: true }))
    },
    logins: createFakeLogins(asked),
    settings,
    async changeSettings({ quickWords: words = {}, ...chosen }, by) {
      asked.push(`settings ${JSON.stringify({ ...chosen, ...words })} by ${by}`)
      if (chosen.model && !models.includes(chosen.model)) throw new InvalidRequest('not listed')
      for (const [key, texts] of Object.entries(words)) {
        projectOf(key)
        if (texts?.some((text) => text.includes('\n'))) throw new InvalidRequest('not one line')
        quickWords.set(key, texts ?? [])
      }
      choices = { ...choices, ...chosen }
      return settings()
    },
    async output(id, lines) {
      get(id)
      return ['$ claude', 'hello'].slice(-lines)
    },
    async screen(id) {
      return isLive(get(id).state) ? screen : null
    },
    watchScreen(id, listener) {
      get(id)
      const watching = { id, listener }
      looking.add(watching)
      listener(screen)
      return () => void looking.delete(watching)
    },
    async said(id, before) {
      get(id)
      return before === null
        ? { messages: [{ at: time(), who: 'agent', text: 'done' }], before: 7 }
        : { messages: [{ at: time(), who: 'user', text: 'first' }], before: null }
    },
    look(id) {
      if (get(id).unread) change(id, { unread: false })
    },
    refresh: () => void (refreshes += 1),
    resolve(ref) {
      const found = all.get(ref) ?? live().find(({ name }) => name === ref)
      if (!found) throw new InstanceNotFound(ref)
      return found.id
    },
    get,
    list,
    projects,
    foreign: () => foreign,
    cap,
    notices: () => notices,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    show(next) {
      screen = next
      for (const { listener } of looking) listener(next)
    },
    looking: () => [...looking].map(({ id }) => id),
    failNext: (error: LabError | Error) => void (failure = error),
    change: (id, fields) => void change(id, fields),
    die(id, evidence = {}) {
      const end: Evidence = {
        reason: 'signal',
        message: 'The agent was killed.',
        exitCode: null,
        signal: 'SIGKILL',
        lastLines: [],
        by: 'nobody',
        at: time(),
        ...evidence,
      }
      change(id, { state: 'error', waitingFor: null, endedAt: end.at, evidence: end })
    },
    swept(id, evidence = {}) {
      const end: Evidence = {
        reason: 'stopped',
        message: 'It was stopped.',
        exitCode: null,
        signal: 'SIGTERM',
        lastLines: [],
        by: 'page',
        at: time(),
        ...evidence,
      }
      change(id, { state: 'stopped', endedAt: end.at, evidence: end })
    },
    addProject(key, path = `${root}/${key}`) {
      paths.set(key, path)
      emit({ type: 'project', project: projectOf(key) })
    },
    removeProject(key) {
      paths.delete(key)
      for (const other of paths.keys()) emit({ type: 'project', project: projectOf(other) })
      emit({ type: 'rescanned' })
    },
    setResumeOffer: (offer) => void (resumeOffer = offer),
    setNotices(list_) {
      notices = list_
      emit({ type: 'notices', notices })
    },
    setForeign(list_) {
      foreign = list_
      emit({ type: 'foreign', foreign })
    },
    listeners: () => listeners.size,
    refreshes: () => refreshes,
    watchers: () => watchers,
  }
}
