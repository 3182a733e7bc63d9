// Where one account's Claude Code keeps its configuration and its registry.
import { join } from 'node:path'

export interface ClaudePaths {
  /** What agents get as CLAUDE_CONFIG_DIR; null leaves Claude's own default. */
  readonly configDir: string | null
  /** The directory that counts, whoever named it. */
  readonly dir: string
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
  const dir = configDir ?? join(home, '.claude')
  return {
    configDir,
    dir,
    configFile: join(configDir ?? home, '.claude.json'),
    sessionsDir: join(dir, 'sessions'),
  }
}

/** The command that logs Claude in where lab looks, for a person to type in any shell. */
export function loginCommand({ configDir }: Pick<ClaudePaths, 'configDir'>): string {
  if (configDir === null) return 'claude auth login'
  const isPlain = /^[\w@%+:,./-]+$/.test(configDir)
  const word = isPlain ? configDir : `'${configDir.replaceAll("'", `'\\''`)}'`
  return `CLAUDE_CONFIG_DIR=${word} claude auth login`
}
