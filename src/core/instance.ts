// The shapes of an instance: its four values, and what the JSON API shows of it. Times are ISO 8601. Pure.
import type { Actor } from './actor.ts'
import type { ProjectKey } from './names.ts'
import type { Question } from './question.ts'
import type { Choices } from './settings.ts'
import type { EndReason, State } from './state.ts'

/** A state, or `unknown` while lab cannot tell the state. */
export type ShownState = State | 'unknown'

/** Why an instance ended, as far as lab knows. */
export interface Evidence {
  readonly reason: EndReason
  /** A sentence for the operator. */
  readonly message: string
  readonly exitCode: number | null
  /** A name such as `SIGKILL`; `exitCode` is then null. */
  readonly signal: string | null
  /** The last lines of the agent's screen, oldest line first. */
  readonly lastLines: readonly string[]
  readonly by: Actor
  readonly at: string
}

/** Why every live instance is `unknown` while lab cannot read tmux; a notice names the cause. */
export const tmuxUnreadable = 'lab cannot read tmux now. lab stops nothing and tries again.'

/** A process of an instance that outlived the instance. */
export interface LeftProcess {
  readonly pid: number
  /** The beginning of its command line, enough for a person to recognise the process. */
  readonly command: string
  /** Other processes run in it (a tmux server, a build daemon), so lab never ends it. */
  readonly servesOthers: boolean
}

/** A process by pid and start time, because the kernel reuses pids. */
export interface ProcessId {
  readonly pid: number
  /** Field 22 of /proc/PID/stat. */
  readonly start: string
}

/** A tmux server by pid and start time; `start` is null in the record of an older lab. */
export interface ServerId {
  readonly pid: number
  readonly start: string | null
}

/** The purposes of an instance: `manual` is a start by the operator. */
export const instanceKinds = ['manual'] as const
export type InstanceKind = (typeof instanceKinds)[number]

/** The account of a lab whose configuration names none. */
export const defaultAccount = 'default'

export const workspaceKinds = ['shared'] as const

/** Where an instance runs. Its working directory need not be the folder of its project. */
export interface Workspace {
  readonly kind: (typeof workspaceKinds)[number]
  /** The working directory, as an absolute path. */
  readonly cwd: string
}

/** The identity and the choices of an instance. They never change. */
export interface Spec extends Choices {
  /** lab's own UUID. */
  readonly id: string
  readonly projectPath: string
  /** The key that the project had when the instance was made. */
  readonly projectKey: ProjectKey
  readonly kind: InstanceKind
  readonly workspace: Workspace
  readonly label: string | null
  readonly createdAt: string
}

/** One launch of an instance. A resume replaces it whole. */
export interface Launch {
  /** The launch id. The launch's files, such as the keeper's note, have this name. */
  readonly id: string
  /** The tmux session's name. */
  readonly name: string
  readonly slot: number
  /** The account whose home the agent uses, by the registry in which lab found the agent last. */
  readonly account: string
  /** Claude's session id, which a resume continues. */
  readonly conversation: string
  /** Whether the conversation has messages: then Claude keeps a transcript of it for some time. */
  readonly said: 'yes' | 'no' | 'unknown'
  /** lab resumed the instance with a blank conversation, because the old one was gone. */
  readonly isBlank: boolean
  readonly startedAt: string
  /** The start by `performance.now()`, to measure durations when the clock is set. Not stored. */
  readonly startedMs: number
  /** The boot of the machine in which lab started the launch. */
  readonly bootId: string
  /** The tmux server in which lab saw the launch last. */
  readonly server: ServerId | null
  /** The keeper of this launch; while it runs, a missing session does not mean an end. */
  readonly keeper: ProcessId | null
  /** The agent's process by its registry file, as lab saw it last. */
  readonly registered: ProcessId | null
  /** The name under which Claude's daemon holds the session; the messages there are another conversation. */
  readonly parkedJobId: string | null
  /** The launch has left `starting` once, so its end is not a failed start. */
  readonly isVerified: boolean
  /** The actor who requested the end, from the request on. lab stops the instance exactly while it is set. */
  readonly stopAskedBy: Actor | null
  /** The event that ends this instance along with others; null when it ends alone. */
  readonly together: string | null
}

/** The end of a launch. lab sets it once. */
export interface End {
  readonly state: 'stopped' | 'error'
  readonly at: string
  readonly evidence: Evidence
  /** The processes that outlived the instance. */
  readonly left: readonly (ProcessId & LeftProcess & { readonly mayBeAgent: boolean })[]
  /** The sequence number among all ends; missing in the record of an older lab. */
  readonly order?: number | undefined
  /** The operator dismissed the resume offer; see `Instance.dismissed`. */
  readonly isDismissed: boolean
}

export const linkStates = ['connecting', 'linked', 'lost', 'unavailable'] as const
export type LinkState = (typeof linkStates)[number]

/** An agent's folder that has left its old path. */
export interface MovedFolder {
  /** The new path; null when the folder was removed. */
  readonly to: string | null
}

export interface Instance extends Choices {
  /** lab's own UUID. It never changes, and no other instance gets it. */
  readonly id: string
  /** The tmux session's name, by which a request can name a live instance. */
  readonly name: string
  readonly project: string
  readonly projectPath: string
  readonly slot: number
  readonly label: string | null
  readonly kind: InstanceKind
  readonly state: ShownState
  /** Why the state is `unknown` and what to do, as a sentence; null while it is known. */
  readonly unknownBecause: string | null
  /** What a `waiting` instance needs, in Claude's words; the limit at which a `limited` one needs the operator. */
  readonly waitingFor: string | null
  /** When the limit of a `limited` instance ends; null in other states, and where Claude does not say. */
  readonly limitedUntil: string | null
  /** Whether a `limited` agent continues without the operator, a minute after `limitedUntil`. */
  readonly continuesByItself: boolean
  /** The open question; null when the instance asks nothing, or lab does not know what it asks. */
  readonly question: Question | null
  /** One line: what the agent does now, else its last sentence; null while lab knows neither. */
  readonly doing: string | null
  /** The agent has finished a turn since the operator looked at it. */
  readonly unread: boolean
  /** The agent is ready while a background command of it runs. */
  readonly background: boolean
  /** When the state last changed. */
  readonly since: string
  /** Claude's session id, which a resume continues. */
  readonly conversation: string | null
  /** lab resumed the instance with a blank conversation, because the old one was gone. */
  readonly isBlank: boolean
  readonly deepLink: string | null
  readonly linkState: LinkState
  readonly account: string
  readonly workspace: {
    readonly kind: Workspace['kind']
    readonly path: string
    readonly branch: string | null
    /** Null while the folder is at its old path, as far as lab knows. */
    readonly moved: MovedFolder | null
  }
  /** The agent's process, the keeper's child. */
  readonly pid: number | null
  /** How many tmux clients are attached. */
  readonly attached: number
  /** The command that attaches a terminal, as an argument vector. */
  readonly attach: readonly string[]
  readonly memoryBytes: number | null
  readonly createdAt: string
  readonly lastActivityAt: string | null
  readonly endedAt: string | null
  readonly evidence: Evidence | null
  /** The processes that outlived the instance and still run. */
  readonly left: readonly LeftProcess[]
  /** The instance ended along with others, and the operator dismissed the offer to resume them. */
  readonly dismissed: boolean
}

export interface Cap {
  readonly max: number
  readonly used: number
}

/** A project with its live instances and its undismissed errors. */
export interface Project {
  readonly key: string
  readonly path: string
  readonly lastUsedAt: string | null
  readonly instances: readonly Instance[]
  /** lab does not find the folder any more; only its instances are left. */
  readonly gone?: true
}

/** A session on lab's tmux server that lab did not make. lab shows it and never touches it. */
export interface ForeignSession {
  readonly name: string
  readonly attached: number
  readonly createdAt: string
}

/** The outcome of a bulk action for one instance. */
export interface Outcome {
  readonly id: string
  readonly name: string
  readonly outcome: 'stopping' | 'starting' | 'failed'
  readonly error?: { readonly code: string; readonly message: string }
}

/** A problem of this lab as a whole. */
export interface Notice {
  readonly code: string
  readonly message: string
  /** The commands that solve it, in order. */
  readonly commands?: readonly string[]
}

/** Instances that one event ended together. lab offers to resume them all. */
export interface ResumeOffer {
  readonly reason: 'stopped' | 'tmux_gone' | 'rebooted'
  readonly instances: readonly Instance[]
}

/** Whether an instance belongs among the live ones: it lives, or its error is not dismissed. */
export function isOpen({ state, dismissed }: Pick<Instance, 'state' | 'dismissed'>): boolean {
  return isLive(state) || (state === 'error' && !dismissed)
}

/** Whether an instance in this state holds its name, its slot and a place under the cap. */
export function isLive(state: ShownState): boolean {
  return state !== 'stopped' && state !== 'error'
}
