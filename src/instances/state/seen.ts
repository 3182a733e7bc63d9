// What lab has observed of one launch.
import type { TranscriptEnd } from '../../claude/conversation/records.ts'
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import type { Evidence, MovedFolder, ProcessId } from '../../core/instance.ts'
import type { Question } from '../../core/question.ts'

/** A reason why lab does not know whether an instance lives. */
export interface Doubt {
  /** A sentence for the operator, and what to do. */
  readonly because: string
  /** The socket of the tmux server that holds the instance, if that is not lab's server. */
  readonly socket: string | null
}

/** The latest observations of a launch. They do not outlive lab, and a new launch begins without any. */
export interface Seen {
  /** Where the instance runs; null before its session exists, and after a listing without it. */
  readonly session: {
    readonly isMoved: boolean
    readonly paneId: string
    readonly panePid: number
  } | null
  /** How many tmux clients are attached. */
  readonly attached: number
  /** Only the store names the instance so far: the first good listing decides whether it lives. */
  readonly isUnconfirmed: boolean
  /** Why the instance may live although a readable listing says otherwise; null without a doubt. */
  readonly doubt: Doubt | null
  /** Since when signs of its end contradict a living keeper (`performance.now()`); null while none do. */
  readonly doubtedSince: number | null
  /** Listings that began before this number do not show the launch yet. */
  readonly knownSince: number
  /** The agent's process while it runs. */
  readonly agent: ProcessId | null
  /** The agent's process as lab saw it last, also after its end. */
  readonly lastAgent: ProcessId | null
  readonly registry: RegistryEntry | null
  /** Since when (`performance.now()`) the registry file has had no status; null while it has one. */
  readonly statuslessSince: number | null
  /** Since when (`performance.now()`) the agent lives without the registry file that it had; null while it has one. */
  readonly unheardSince: number | null
  /** Why lab does not know what the agent does, as a sentence; null while lab knows. */
  readonly silence: string | null
  /** Another instance's conversation that the agent's registry file names. lab does not believe it. */
  readonly claimed: string | null
  /** The link as lab saw it last; it stays here when the agent loses it. */
  readonly deepLink: string | null
  readonly branch: string | null
  /** The new place of the folder; null while the folder is in its old place. */
  readonly moved: MovedFolder | null
  /** The note that another process than the keeper wrote, as LaunchNotes identifies it. */
  readonly foreignNote: string | null
  /** The start-up dialog on the screen, by name. */
  readonly dialog: string | null
  /** The question that the agent asks now; null without one. */
  readonly question: Question | null
  /** The newest records of the conversation; null until lab has read its transcript. */
  readonly transcript: TranscriptEnd | null
  /** When a hook said last that the API had refused a request (milliseconds since the epoch). */
  readonly refusedAt: number | null
  /** The agent has become ready after work, and the operator has not looked since. */
  readonly isUnread: boolean
  /** The startup warning, which lab sets once for a start that takes too long. */
  readonly startupWarning: Evidence | null
  readonly memoryBytes: number | null
}

/** No observation at all. */
export const nothingSeen: Seen = {
  session: null,
  attached: 0,
  isUnconfirmed: false,
  doubt: null,
  doubtedSince: null,
  knownSince: 0,
  agent: null,
  lastAgent: null,
  registry: null,
  statuslessSince: null,
  unheardSince: null,
  silence: null,
  claimed: null,
  deepLink: null,
  branch: null,
  moved: null,
  foreignNote: null,
  dialog: null,
  question: null,
  transcript: null,
  refusedAt: null,
  isUnread: false,
  startupWarning: null,
  memoryBytes: null,
}

/** The observations that a launch begins with. A listing shows the launch only once its session exists. */
export function firstSeen(branch: string | null): Seen {
  return { ...nothingSeen, branch, knownSince: Number.POSITIVE_INFINITY }
}
