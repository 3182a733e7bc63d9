// What the app is given and what a request carries through it. Types only.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cap } from '../core/instance.ts'
import type { Instances } from '../instances/instances.ts'
import type { Counts } from './bounds.ts'
import type { Doors } from './doors.ts'
import type { Guards, Visitor } from './guards.ts'
import type { Proxies, Sender } from './proxy.ts'
import type { AssetFiles } from './static.ts'
import type { StreamLimits } from './streams.ts'

/** The levels the web writes; a pino logger is one. */
export interface WebLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The body of GET /api/v1/server. What is not known is null. */
export interface ServerInfo {
  readonly version: string
  readonly pid: number
  /** ISO 8601. */
  readonly bootedAt: string
  readonly tmux: { readonly argv: readonly string[]; readonly version: string | null }
  readonly claude: {
    readonly path: string | null
    readonly version: string | null
    readonly login: 'logged_in' | 'logged_out' | 'unknown'
  }
  readonly cap: Cap
  /** The guards that keep strangers out: `loopback`, or some of `password, token, proxy`. */
  readonly guard: string
  /** lab's own memory. */
  readonly memoryBytes: number
  /** How often each refusal was given since the start, by its code. */
  readonly refused: Readonly<Record<string, number>>
}

/** What the page and the API ask of the service. */
export type Service = Pick<
  Instances,
  | 'start'
  | 'resume'
  | 'resumeAll'
  | 'comeBack'
  | 'watchMemory'
  | 'stop'
  | 'stopAll'
  | 'dismiss'
  | 'resolve'
  | 'get'
  | 'list'
  | 'projects'
  | 'foreign'
  | 'cap'
  | 'notices'
  | 'subscribe'
>

export interface WebDeps {
  readonly instances: Service
  readonly server: () => ServerInfo
  readonly doors: Doors
  /** Who is let in; whoever reaches lab, when not given. */
  readonly guards?: Guards
  readonly proxies?: Proxies
  readonly counts?: Counts
  /** The folder whose repositories are the projects, absolute. */
  readonly projectsRoot: string
  readonly log: WebLog
  readonly assets: AssetFiles
  /** Whether lab can do its work, for /readyz; always, when not given. */
  readonly isReady?: () => boolean
  /** Milliseconds since the epoch; stands in for the clock. */
  readonly now?: () => number
  readonly streams?: Partial<StreamLimits>
}

/** What a form was about, so that its refusal lands beside it with what was typed. */
export interface FormAsked {
  readonly project?: string
  readonly label?: string
  readonly instance?: string
}

export interface WebEnv {
  Variables: {
    requestId: string
    form: FormAsked | undefined
    sender: Sender
    /** Set behind the guards. */
    visitor: Visitor
  }
  /** Node's own pair; absent where a test calls the app without a server. */
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse }
}
