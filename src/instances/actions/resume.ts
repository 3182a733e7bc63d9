// The use case resume: an ended instance's conversation goes on, through the launch path of a start.
import { randomUUID } from 'node:crypto'
import { homeOf, registryEntries } from '../../claude/home.ts'
import type { TranscriptState } from '../../claude/transcript.ts'
import type { Actor } from '../../core/actor.ts'
import { isLive, type Instance, type Launch, type Outcome } from '../../core/instance.ts'
import { AlreadyRunning, ConversationGone, ConversationParked, ProjectGone } from '../../errors.ts'
import { isRunning, type ProcessId } from '../../processes/proc.ts'
import { currentBranch, type FoundProject } from '../../projects/projects.ts'
import type { Conversations } from '../observe/conversation.ts'
import { firstSeen, newLaunch, type Entry } from '../state/entry.ts'
import type { Launcher, LaunchOptions, Work } from './launch.ts'
import { failedOutcome } from './outcome.ts'
import { launchIdOf, type Start } from './start.ts'
import type { Reaper } from '../../processes/reaper.ts'

export interface ResumeOptions {
  /** Although Claude says that nobody is logged in, or without what was said in the background. */
  readonly force?: boolean
  /** With a blank conversation where Claude cannot continue the one before. */
  readonly blank?: boolean
}

export interface Resume {
  /** Continues an ended instance's conversation under its id and label. */
  one(entry: Entry, by: Actor, options?: ResumeOptions): Promise<Instance>
  /** Continues several: places are taken at once, the launches follow a second apart. */
  all(entries: readonly Entry[], by: Actor, options?: ResumeOptions): Promise<readonly Outcome[]>
}

// Several agents that refresh one login in the same moment have logged each other out.
const apartMs = 1000

export function createResume(
  parts: LaunchOptions & {
    readonly launcher: Launcher
    readonly start: Start
    readonly reaper: Reaper
    readonly conversations: Conversations
  },
): Resume {
  const { deps, ledger, projects, launcher, start, reaper, conversations } = parts

  /** Never two processes on one conversation: they would both append, and a branch of it be lost. */
  function refuseIfLive(entry: Entry): void {
    const { name, conversation: wanted } = entry.launch
    if (isLive(entry.state)) throw new AlreadyRunning(name, [])
    const twin = ledger.live().find(({ launch }) => launch.conversation === wanted)
    if (twin) throw new AlreadyRunning(twin.launch.name, [])
    // Nor one that the operator continues by hand.
    const claimants = new Set(
      ledger
        .live()
        .flatMap(({ seen: { claimed, agent } }) =>
          claimed === wanted && agent ? [agent.pid] : [],
        ),
    )
    for (const { conversation, pid, procStart } of registryEntries(deps.homes))
      if (conversation === wanted && procStart && isRunning({ pid, start: procStart }))
        if (!claimants.has(pid)) throw new AlreadyRunning(name, [pid])
  }

  function projectOf({ spec: { projectPath: path } }: Entry): FoundProject {
    const key = projects.keyOf(path)
    if (key === null) throw new ProjectGone(path)
    return { key, path }
  }

  /** Refuses what would lose words or end in two agents; what it returns is asked of the disk already. */
  async function admit(entry: Entry, force: boolean): Promise<Admitted> {
    const { id, spec } = entry
    refuseIfLive(entry)
    // What ended it may still be sweeping.
    await entry.queue.idle()
    // The folder may have come back since somebody last looked.
    if (projects.keyOf(spec.projectPath) === null) await projects.scan().catch(() => undefined)
    const before = await reaper.processesOf(id, null)
    const agents = before.filter((one) => mayBeAgent(entry, one)).map(({ pid }) => pid)
    if (agents.length > 0) throw new AlreadyRunning(entry.launch.name, agents)
    const project = projectOf(entry)
    const branch = await currentBranch(project.path).catch(() => entry.seen.branch)
    const program = await launcher.admit(project, force)
    const transcript = await conversations.find(entry)
    return { before, project, branch, program, transcript }
  }

  /** What the next launch goes on with. @throws ConversationParked ConversationGone */
  function conversationOf(
    { launch: { name, conversation, said, parkedJobId } }: Entry,
    transcript: TranscriptState,
    { force = false, blank = false }: ResumeOptions,
  ): Pick<Launch, 'conversation' | 'said' | 'isBlank'> {
    if (parkedJobId !== null && !force) throw new ConversationParked(name, parkedJobId)
    // Without a transcript Claude begins the conversation; that is no loss where nothing was said.
    const isGone = transcript === 'unreadable' || (transcript === 'none' && said !== 'no')
    if (!isGone) return { conversation, said, isBlank: false }
    const unreadable = transcript === 'unreadable' ? homeOf(deps.homes).transcriptsDir : null
    if (!blank) throw new ConversationGone(name, { conversation, unreadable })
    // A new id: the one before may be taken where the transcripts cannot be read.
    return { conversation: randomUUID(), said: 'no', isBlank: true }
  }

  /** Takes a place for an ended instance; the returned function launches it. */
  async function reserve(
    entry: Entry,
    by: Actor,
    options: ResumeOptions = {},
  ): Promise<() => Promise<Instance>> {
    const { before, project, branch, program, transcript } = await admit(
      entry,
      options.force ?? false,
    )
    // Asked again: from here on nobody can come in between.
    refuseIfLive(entry)
    const conversation = conversationOf(entry, transcript, options)
    const { label } = entry.spec
    const request = { label: label ?? '', slotWanted: entry.launch.slot }
    const { name, slot } = launcher.placeFor(project, request)
    const asItWas = { ...entry }
    const id = launchIdOf(entry.id)
    const now = new Date(deps.now()).toISOString()
    ledger.change(entry, {
      launch: newLaunch({ id, name, slot, bootId: deps.bootId, now }, conversation),
      seen: firstSeen(branch),
      end: null,
      state: 'starting',
      by,
      isReserved: true,
    })
    const resume = transcript === 'there'
    const work: Work = { entry, project, program, resume, what: 'resumed', before }
    return async () => {
      // Stopped, and perhaps resumed again, before its turn came: this launch is over.
      if (entry.state !== 'starting' || entry.launch.id !== id) return ledger.present(entry)
      return start.bringUp(work, by, () => ledger.restore(entry, asItWas, by))
    }
  }

  return {
    one: async (entry, by, options) => (await reserve(entry, by, options))(),
    async all(entries, by, options) {
      const outcomes: Outcome[] = []
      let delay = 0
      for (const entry of entries) {
        const { id } = entry
        const { name } = entry.launch
        try {
          const launchNow = await reserve(entry, by, options)
          setTimeout(() => void launchNow().catch(() => undefined), delay)
          delay += apartMs
          outcomes.push({ id, name: entry.launch.name, outcome: 'starting' })
        } catch (error) {
          outcomes.push(failedOutcome({ id, name }, error))
        }
      }
      return outcomes
    },
  }
}

/** What was found out before a place is taken. */
interface Admitted {
  /** What an earlier launch left. */
  readonly before: readonly ProcessId[]
  readonly project: FoundProject
  readonly branch: string | null
  readonly program: string
  readonly transcript: TranscriptState
}

/** Whether a process may be the agent: a tool or a server that it left harms no conversation. */
function mayBeAgent({ end, launch: { keeper } }: Entry, one: ProcessId): boolean {
  const known = end?.left.find(({ pid, start }) => pid === one.pid && start === one.start)
  return known?.mayBeAgent ?? (keeper?.pid === one.pid || !end || end.left.length === 0)
}
