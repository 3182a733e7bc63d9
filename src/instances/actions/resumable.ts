// Whether lab can resume an ended instance, and with which conversation.
import { randomUUID } from 'node:crypto'
import { homeOf, registryEntries } from '../../claude/home.ts'
import type { TranscriptState } from '../../claude/transcript.ts'
import { isLive, type Launch } from '../../core/instance.ts'
import {
  AlreadyRunning,
  ConversationGone,
  ConversationParked,
  InstanceNotFound,
  ProjectGone,
} from '../../errors.ts'
import { isRunning, type ProcessId } from '../../processes/proc.ts'
import type { Reaper } from '../../processes/reaper.ts'
import type { FoundProject, Projects } from '../../projects/projects.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'

type Homes = InstancesDeps['homes']

export interface ResumeOptions {
  /** Resume although Claude reports no login, or without the messages in Claude's background. */
  readonly force?: boolean
  /** Resume with a blank conversation where Claude cannot continue the old one. */
  readonly blank?: boolean
}

/**
 * Refuses a second process on one conversation: both would append to it, and one branch would be lost.
 * Refuses an instance that was dismissed, too: an agent that lab has forgotten could not be stopped.
 * @throws AlreadyRunning InstanceNotFound
 */
export function refuseIfLive(
  entry: Entry,
  { ledger, homes }: { readonly ledger: Ledger; readonly homes: Homes },
): void {
  const { name, conversation: wanted } = entry.launch
  if (ledger.find(entry.id) !== entry) throw new InstanceNotFound(entry.id)
  if (isLive(entry.state)) throw new AlreadyRunning(name, [])
  const live = ledger.live()
  const twin = live.find(({ launch }) => launch.conversation === wanted)
  if (twin) throw new AlreadyRunning(twin.launch.name, [])
  // A person may continue the conversation by hand, outside of lab.
  const claimants = new Set(
    live.flatMap(({ seen: { claimed, agent } }) =>
      claimed === wanted && agent ? [agent.pid] : [],
    ),
  )
  for (const { conversation, pid, procStart } of registryEntries(homes))
    if (conversation === wanted && procStart && isRunning({ pid, start: procStart }))
      if (!claimants.has(pid)) throw new AlreadyRunning(name, [pid])
}

/** The processes that an earlier launch left behind. @throws AlreadyRunning when one may be its agent */
export async function findLeftovers(entry: Entry, reaper: Reaper): Promise<readonly ProcessId[]> {
  const left = await reaper.processesOf(entry.id, null)
  const agents = left.filter((process) => mayBeAgent(entry, process)).map(({ pid }) => pid)
  if (agents.length > 0) throw new AlreadyRunning(entry.launch.name, agents)
  return left
}

/** The project of an instance, also when its folder is back since the last scan. @throws ProjectGone */
export async function findProject(
  { spec: { projectPath: path } }: Entry,
  projects: Projects,
): Promise<FoundProject> {
  if (projects.keyOf(path) === null) await projects.scan().catch(() => undefined)
  const key = projects.keyOf(path)
  if (key === null) throw new ProjectGone(path)
  return { key, path }
}

/** The conversation of the next launch. @throws ConversationParked ConversationGone */
export function nextConversation(
  { launch: { name, account, conversation, said, parkedJobId } }: Entry,
  transcript: TranscriptState,
  { homes, force = false, blank = false }: ResumeOptions & { readonly homes: Homes },
): Pick<Launch, 'conversation' | 'said' | 'isBlank'> {
  if (parkedJobId !== null && !force) throw new ConversationParked(name, parkedJobId)
  // Without a transcript Claude begins a conversation. That loses nothing if the old one had no messages.
  const isGone = transcript === 'unreadable' || (transcript === 'none' && said !== 'no')
  if (!isGone) return { conversation, said, isBlank: false }
  const unreadable = transcript === 'unreadable' ? homeOf(homes, account).transcriptsDir : null
  if (!blank) throw new ConversationGone(name, { conversation, unreadable })
  // A new id: where lab cannot read the transcripts, the old id may be in use.
  return { conversation: randomUUID(), said: 'no', isBlank: true }
}

/** Whether a process may be the agent. Other processes, such as a tool of the agent, harm no conversation. */
function mayBeAgent({ end, launch: { keeper } }: Entry, process: ProcessId): boolean {
  const { pid, start } = process
  const known = end?.left.find((left) => left.pid === pid && left.start === start)
  return known?.mayBeAgent ?? (keeper?.pid === pid || !end || end.left.length === 0)
}
