// What lab says of one running agent, and the events that tell of a change. Pure; the shapes of the
// JSON API.
import type { Actor } from './actor.ts'
import type { ProjectKey } from './names.ts'
import type { EndReason, State } from './state.ts'

/** A state, or `unknown` while tmux cannot be read. */
export type ShownState = State | 'unknown'

/** Why an instance ended, as far as anybody can tell. */
export interface Evidence {
  readonly reason: EndReason
  /** A sentence for the operator. */
  readonly message: string
  readonly exitCode: number | null
  /** A name such as `SIGKILL`; `exitCode` is then null. */
  readonly signal: string | null
  /** What the agent's screen said last, oldest line first. */
  readonly lastLines: readonly string[]
  readonly by: Actor
  /** ISO 8601. */
  readonly at: string
}

/** Why every live instance is `unknown` while tmux cannot be read; the notice tells the cause. */
export const tmuxUnreadable =
  'tmux cannot be read at the moment. lab stops nothing and tries again.'

/** A process that an instance began and that outlived it. */
export interface LeftProcess {
  readonly pid: number
  /** Its command line, as far as it tells one process from another. */
  readonly command: string
  /** Others run in it (a tmux server, a build daemon): lab never ends it. */
  readonly servesOthers: boolean
}

/** A process by exact identity: a pid alone is given again. */
export interface ProcessId {
  readonly pid: number
  /** Field 22 of /proc/PID/stat. */
  readonly start: string
}

/** A tmux server by identity; `start` is null where an older lab did not write it down. */
export interface ServerId {
  readonly pid: number
  readonly start: string | null
}

/** Who made an instance and for what. */
export const instanceKinds = ['manual'] as const
export type InstanceKind = (typeof instanceKinds)[number]

/** The account of a lab to which nobody named one. */
export const defaultAccount = 'default'

export const workspaceKinds = ['shared'] as const

/** Where an instance runs. Its working directory need not be the folder of its project. */
export interface Workspace {
  readonly kind: (typeof workspaceKinds)[number]
  /** The working directory, as an absolute path. */
  readonly cwd: string
}

/** What an instance is. It never changes. */
export interface Spec {
  /** lab's own UUID. */
  readonly id: string
  readonly projectPath: string
  /** The key that the project had when the instance was made. */
  readonly projectKey: ProjectKey
  readonly kind: InstanceKind
  readonly workspace: Workspace
  readonly label: string | null
  readonly model: string | null
  readonly effort: string | null
  /** ISO 8601. */
  readonly createdAt: string
}

/** One launch of an instance: what the store keeps of it. A resume replaces it whole. */
export interface Launch {
  /** Names this launch alone; the keeper's note is a file of that name. */
  readonly id: string
  /** The tmux session's name. */
  readonly name: string
  readonly slot: number
  /** The account whose home the agent uses: the one in whose registry lab found it last. */
  readonly account: string
  /** Claude's session id, which a resume continues. */
  readonly conversation: string
  /** Whether anything was said in that conversation: Claude has a transcript then, until it removes it. */
  readonly said: 'yes' | 'no' | 'unknown'
  /** It was resumed without its conversation, which was gone. */
  readonly isBlank: boolean
  /** ISO 8601. */
  readonly startedAt: string
  /** The same by `performance.now()`, for how long it takes; a clock that is set changes nothing. Not stored. */
  readonly startedMs: number
  /** The boot in which it was started. */
  readonly bootId: string
  /** The tmux server in which it was last seen. */
  readonly server: ServerId | null
  /** The keeper of this launch; while it runs, a missing session is no end. */
  readonly keeper: ProcessId | null
  /** The agent's process, as its own registry file named it last. */
  readonly registered: ProcessId | null
  /** Claude's daemon holds its session under this name: what is said there is another conversation. */
  readonly parkedJobId: string | null
  /** Left `starting` at least once: what ends it now is no failed start. */
  readonly isVerified: boolean
  /** Who asked for its end. Set from the moment of asking, and the only sign that it is being stopped. */
  readonly stopAskedBy: Actor | null
  /** Names the event in which it ends along with others; null when it ends alone. */
  readonly together: string | null
}

/** How a launch ended. It is set once. */
export interface End {
  readonly state: 'stopped' | 'error'
  /** ISO 8601. */
  readonly at: string
  readonly evidence: Evidence
  /** What outlived it. */
  readonly left: readonly (ProcessId & LeftProcess & { readonly mayBeAgent: boolean })[]
  /** Its place among all ends; missing in the record of an older lab. */
  readonly order?: number | undefined
  /** See Instance. */
  readonly isDismissed: boolean
}

export const linkStates = ['connecting', 'linked', 'lost', 'unavailable'] as const
export type LinkState = (typeof linkStates)[number]

/** A folder that is not any more where an agent was started in it. */
export interface MovedFolder {
  /** Where it is now; null when it was removed. */
  readonly to: string | null
}

export interface Instance {
  /** lab's own UUID; it never changes and is never given again. */
  readonly id: string
  /** The tmux session's name; a live instance answers to it. */
  readonly name: string
  readonly project: string
  readonly projectPath: string
  readonly slot: number
  readonly label: string | null
  readonly kind: InstanceKind
  readonly state: ShownState
  /** Why the state is `unknown` and what to do, as a sentence; null while it is known. */
  readonly unknownBecause: string | null
  /** What a `waiting` instance needs from the operator, in Claude's own words. */
  readonly waitingFor: string | null
  /** A command of its own runs in the background while it is ready. */
  readonly background: boolean
  /** When the state last changed (ISO 8601, as are all times here). */
  readonly since: string
  /** Claude's session id, which a resume continues. */
  readonly conversation: string | null
  /** It was resumed with a blank conversation, for the one before was gone. */
  readonly isBlank: boolean
  readonly deepLink: string | null
  readonly linkState: LinkState
  readonly account: string
  readonly workspace: {
    readonly kind: Workspace['kind']
    readonly path: string
    readonly branch: string | null
    /** Null as long as the folder is where it was, as far as lab knows. */
    readonly moved: MovedFolder | null
  }
  readonly model: string | null
  /** The agent's process, the keeper's child. */
  readonly pid: number | null
  /** How many tmux clients look at it. */
  readonly attached: number
  /** The command that attaches a terminal, as an argument vector. */
  readonly attach: readonly string[]
  readonly memoryBytes: number | null
  readonly createdAt: string
  readonly lastActivityAt: string | null
  readonly endedAt: string | null
  readonly evidence: Evidence | null
  /** What it began and what still runs, after it has ended. */
  readonly left: readonly LeftProcess[]
  /** It has ended, was offered along with others, and the operator did not want them back just now. */
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
  /** Only its instances are left: lab does not find the folder any more. */
  readonly gone?: true
}

/** A session on lab's tmux server that lab did not make: shown, never touched. */
export interface ForeignSession {
  readonly name: string
  readonly attached: number
  readonly createdAt: string
}

/** One instance's part of a request about several. */
export interface Outcome {
  readonly id: string
  readonly name: string
  readonly outcome: 'stopping' | 'starting' | 'failed'
  readonly error?: { readonly code: string; readonly message: string }
}

/** Something the operator should know about this lab as a whole. */
export interface Notice {
  readonly code: string
  readonly message: string
  /** What to type next, in order. */
  readonly commands?: readonly string[]
}

/** Instances that ended together, not by themselves: the operator may want them all back. */
export interface ResumeOffer {
  readonly reason: 'stopped' | 'tmux_gone' | 'rebooted'
  readonly instances: readonly Instance[]
}

/** Whether somebody should see it where the live ones are: it lives, or it died and nobody has said yet that they know. */
export function isOpen({ state, dismissed }: Pick<Instance, 'state' | 'dismissed'>): boolean {
  return isLive(state) || (state === 'error' && !dismissed)
}

/** Whether an instance in this state holds its name, its slot and a place under the cap. */
export function isLive(state: ShownState): boolean {
  return state !== 'stopped' && state !== 'error'
}
