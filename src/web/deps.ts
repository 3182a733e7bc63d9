// What the app is given by the composition root. Types only.
import type { Cap, Notice } from '../core/instance.ts'
import type { Instances } from '../instances/instances.ts'
import type { Counts } from './access/limits.ts'
import type { RequestRules } from './access/request-rules.ts'
import type { WebLog } from './env.ts'
import type { Guards } from './access/auth.ts'
import type { Proxies } from './access/client.ts'
import type { AssetFiles } from './assets/static.ts'
import type { StreamLimits } from './live/streams.ts'

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
    /** Claude's configuration directory, whose login and registry count. */
    readonly dir: string
    /** What named that directory; null for Claude's own default. */
    readonly dirFrom: '--claude-config-dir' | 'CLAUDE_CONFIG_DIR' | null
  }
  readonly projectsRoot: string
  readonly stateDir: string
  /** Names of variables of lab's environment. */
  readonly variables: {
    /** Agents get them because the operator named them. */
    readonly passed: readonly string[]
    /** Agents do not get them, and could. */
    readonly withheld: readonly string[]
    /** Named, and not set. */
    readonly missing: readonly string[]
  }
  readonly cap: Cap
  /** The guards that keep strangers out: `loopback`, or some of `password, token, proxy`. */
  readonly guard: string
  /** lab's own memory. */
  readonly memoryBytes: number
  /** How often each refusal was given since the start, by its code. */
  readonly refused: Readonly<Record<string, number>>
  /** What the page shows as notices. */
  readonly notices: readonly Notice[]
}

/** What the page and the API ask of the service. */
export type Service = Pick<
  Instances,
  | 'start'
  | 'resume'
  | 'resumeAll'
  | 'resumeOffer'
  | 'watchMemory'
  | 'stop'
  | 'stopAll'
  | 'endLeft'
  | 'dismiss'
  | 'dismissOffer'
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
  readonly requestRules: RequestRules
  /** Who is let in; whoever reaches lab, when not given. */
  readonly guards?: Guards
  readonly proxies?: Proxies
  readonly counts?: Counts
  /** The folder whose repositories are the projects, absolute. */
  readonly projectsRoot: string
  readonly log: WebLog
  readonly assets: AssetFiles
  /** Whether lab can do its work, for /readyz: always, when not given. */
  readonly readiness?: () => 'ok' | 'starting' | 'unwritable'
  /** Milliseconds since the epoch; stands in for the clock. */
  readonly now?: () => number
  readonly streams?: Partial<StreamLimits>
}
