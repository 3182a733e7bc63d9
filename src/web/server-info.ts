// What lab runs with: the answer of GET /api/v1/server, which the foot of the page shows as well.
import type { Cap, Notice } from '../core/instance.ts'
import type { Service } from '../instances/service.ts'

/** The body of GET /api/v1/server. An unknown value is null. */
export interface ServerInfo {
  readonly version: string
  readonly pid: number
  /** The name of the machine that lab runs on. */
  readonly machine: string
  /** ISO 8601. */
  readonly bootedAt: string
  readonly tmux: { readonly argv: readonly string[]; readonly version: string | null }
  readonly claude: {
    readonly path: string | null
    readonly version: string | null
    readonly login: 'logged_in' | 'logged_out' | 'unknown'
    /** Claude's configuration directory, whose login and registry count. */
    readonly dir: string
    /** The flag or variable that named the directory; null for Claude's own default. */
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
  /** How often lab gave each refusal since its start, by code. */
  readonly refused: Readonly<Record<string, number>>
  /** The notices that the page shows. */
  readonly notices: readonly Notice[]
}

/** The values that stay the same while lab runs, and the functions that tell the others. */
export type ServerParts = Pick<
  ServerInfo,
  'version' | 'machine' | 'bootedAt' | 'guard' | 'projectsRoot' | 'stateDir' | 'variables'
> & {
  readonly tmux: ServerInfo['tmux']
  readonly claude: {
    locate(): string | null
    version(): string | null
    login(): ServerInfo['claude']['login']
  }
  readonly claudeDir: Pick<ServerInfo['claude'], 'dir' | 'dirFrom'>
  readonly instances: Pick<Service, 'cap' | 'notices'>
  readonly refused: () => ServerInfo['refused']
}

/** Returns the function that describes lab as it is now. */
export function createServerInfo(parts: ServerParts): () => ServerInfo {
  const { tmux, claude, claudeDir, instances, refused, ...rest } = parts
  return () => ({
    ...rest,
    pid: process.pid,
    tmux: { argv: tmux.argv, version: tmux.version },
    claude: {
      path: claude.locate(),
      version: claude.version(),
      login: claude.login(),
      ...claudeDir,
    },
    cap: instances.cap(),
    memoryBytes: process.memoryUsage.rss(),
    refused: refused(),
    notices: instances.notices(),
  })
}
