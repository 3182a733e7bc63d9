// Where one account's Claude Code keeps its configuration and its registry.
import { join } from 'node:path'

export interface ClaudePaths {
  /** What agents get as CLAUDE_CONFIG_DIR; null leaves Claude's own default. */
  readonly configDir: string | null
  /** `.claude.json`: onboarding and folder trust. */
  readonly configFile: string
  /** The registry: one `<pid>.json` for each running Claude Code. */
  readonly sessionsDir: string
}

/** Resolves the paths as Claude does: all inside `configDir`, or else ~/.claude and ~/.claude.json. */
export function claudePaths({
  configDir,
  home,
}: {
  configDir: string | null
  home: string
}): ClaudePaths {
  return {
    configDir,
    configFile: join(configDir ?? home, '.claude.json'),
    sessionsDir: join(configDir ?? join(home, '.claude'), 'sessions'),
  }
}
