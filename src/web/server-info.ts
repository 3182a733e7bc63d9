// The answer of GET /api/v1/server, put together anew for each request.
import type { Instances } from '../instances/instances.ts'
import type { Counts } from './access/limits.ts'
import type { ServerInfo } from './deps.ts'

/** What stays the same while lab runs, and whom to ask for the rest. */
export type ServerParts = Pick<
  ServerInfo,
  'version' | 'bootedAt' | 'guard' | 'projectsRoot' | 'stateDir' | 'variables'
> & {
  readonly tmux: ServerInfo['tmux']
  readonly claude: {
    locate(): string | null
    version(): string | null
    login(): ServerInfo['claude']['login']
  }
  readonly claudeDir: Pick<ServerInfo['claude'], 'dir' | 'dirFrom'>
  readonly instances: Pick<Instances, 'cap' | 'notices'>
  readonly counts: Counts
}

/** Returns what tells about this lab now. */
export function createServerInfo(parts: ServerParts): () => ServerInfo {
  const { tmux, claude, claudeDir, instances, counts, ...rest } = parts
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
    refused: counts.all(),
    notices: instances.notices(),
  })
}
