// The use case resume: an ended instance's conversation goes on, through the launch path of a start.
import { randomUUID } from 'node:crypto'
import { homeOf, registryEntries } from '../../claude/home.ts'
import type { TranscriptState } from '../../claude/transcript.ts'
import { isLive, type Actor, type Instance, type Outcome } from '../../core/instance.ts'
import { AlreadyRunning, ConversationGone, ConversationParked, ProjectGone } from '../../errors.ts'
import { isRunning, type ProcessId } from '../../processes/proc.ts'
import { currentBranch, type FoundProject } from '../../projects/projects.ts'
import { setConversation, type Conversations } from '../observe/conversation.ts'
import { resetForLaunch, type Entry } from '../state/entry.ts'
import type { Launch, LaunchOptions, Work } from './launch.ts'
import { failedOutcome } from './outcome.ts'
import { noteOf, type Start } from './start.ts'
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
    readonly launch: Launch
    readonly start: Start
    readonly reaper: Reaper
    readonly conversations: Conversations
  },
): Resume {
  const { deps, ledger, projects, launch, start, reaper, conversations } = parts

  /** Never two processes on one conversation: they would both append, and a branch of it be lost. */
  function refuseIfLive(entry: Entry): void {
    if (isLive(entry.state)) throw new AlreadyRunning(entry.name, [])
    const twin = ledger.live().find((other) => other.conversation === entry.conversation)
    if (twin) throw new AlreadyRunning(twin.name, [])
    // Nor one that the operator continues by hand.
    const claimants = new Set(
      ledger
        .live()
        .flatMap(({ claimed, agent }) =>
          claimed === entry.conversation && agent ? [agent.pid] : [],
        ),
    )
    for (const { conversation, pid, procStart } of registryEntries(deps.homes))
      if (conversation === entry.conversation && procStart && isRunning({ pid, start: procStart }))
        if (!claimants.has(pid)) throw new AlreadyRunning(entry.name, [pid])
  }

  function goneOf({ name, conversation }: Entry, transcript: TranscriptState): ConversationGone {
    const unreadable = transcript === 'unreadable' ? homeOf(deps.homes).transcriptsDir : null
    return new ConversationGone(name, { conversation, unreadable })
  }

  function projectOf({ projectPath }: Entry): FoundProject {
    const key = projects.keyOf(projectPath)
    if (key === null) throw new ProjectGone(projectPath)
    return { key, path: projectPath }
  }

  /** Takes a place for an ended instance; the returned function launches it. */
  async function reserve(
    entry: Entry,
    by: Actor,
    { force = false, blank = false }: ResumeOptions = {},
  ): Promise<() => Promise<Instance>> {
    refuseIfLive(entry)
    // What ended it may still be sweeping.
    await entry.queue
    // The folder may have come back since somebody last looked.
    if (projects.keyOf(entry.projectPath) === null) await projects.scan().catch(() => undefined)
    const before = await reaper.processesOf(entry.id, null)
    const agents = before.filter((one) => mayBeAgent(entry, one)).map(({ pid }) => pid)
    if (agents.length > 0) throw new AlreadyRunning(entry.name, agents)
    const project = projectOf(entry)
    const branch = await currentBranch(project.path).catch(() => entry.branch)
    const program = await launch.admit(project, force)
    const transcript = await conversations.find(entry)
    // Asked again: from here on nobody can come in between.
    refuseIfLive(entry)
    if (entry.parkedJobId !== null && !force)
      throw new ConversationParked(entry.name, entry.parkedJobId)
    // Without a transcript Claude begins the conversation; that is no loss where nothing was said.
    const isGone = transcript === 'unreadable' || (transcript === 'none' && entry.said !== 'no')
    if (isGone && !blank) throw goneOf(entry, transcript)
    const request = { label: entry.label ?? '', slotWanted: entry.slot }
    const { name, slot } = launch.placeFor(project, request)
    const asItWas = { ...entry }
    const note = noteOf(entry.id)
    resetForLaunch(entry, { name, slot, note, now: new Date(deps.now()).toISOString() })
    ledger.move(entry, 'starting', { by })
    start.reserve(entry, branch)
    const resume = transcript === 'there'
    // An id of its own: the one before may be taken where the transcripts cannot be read.
    if (isGone) setConversation(entry, randomUUID())
    entry.isBlank = isGone
    const work: Work = { entry, project, program, resume, what: 'resumed', before }
    const undo = (failed: Entry): void => {
      Object.assign(failed, asItWas, { queue: failed.queue })
      void ledger.save(failed)
      ledger.publish(failed)
      ledger.publishCap()
    }
    return async () => {
      // Stopped, and perhaps resumed anew, before its turn came: this launch is nobody's any more.
      if (entry.state === 'starting' && entry.note === note) return start.bringUp(work, by, undo)
      return ledger.present(entry)
    }
  }

  return {
    one: async (entry, by, options) => (await reserve(entry, by, options))(),
    async all(entries, by, options) {
      const outcomes: Outcome[] = []
      let delay = 0
      for (const entry of entries) {
        const { id, name } = entry
        try {
          const launchNow = await reserve(entry, by, options)
          setTimeout(() => void launchNow().catch(() => undefined), delay)
          delay += apartMs
          outcomes.push({ id, name: entry.name, outcome: 'starting' })
        } catch (error) {
          outcomes.push(failedOutcome({ id, name }, error))
        }
      }
      return outcomes
    },
  }
}

/** Whether a process may be the agent: a tool or a server that it left harms no conversation. */
function mayBeAgent({ ended, keeper }: Entry, one: ProcessId): boolean {
  const known = ended?.left.find(({ pid, start }) => pid === one.pid && start === one.start)
  return known?.mayBeAgent ?? (keeper?.pid === one.pid || !ended || ended.left.length === 0)
}
