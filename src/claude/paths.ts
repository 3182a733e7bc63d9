// The paths of one account's configuration and registry in Claude Code.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { shellWord } from '../core/text.ts'
import { UsageError } from '../errors.ts'

export interface ClaudePaths {
  /** The agents' CLAUDE_CONFIG_DIR; null for Claude's default. */
  readonly configDir: string | null
  /** The directory that Claude uses. */
  readonly dir: string
  /** `.claude.json`: onboarding and folder trust. */
  readonly configFile: string
  /** The registry: one `<pid>.json` for each running Claude Code. */
  readonly sessionsDir: string
}

/** Resolves the paths as Claude does: all below `configDir`, or else ~/.claude and ~/.claude.json. */
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

/** The environment in which Claude uses this directory. */
export function homeEnvironment({ configDir }: Pick<ClaudePaths, 'configDir'>): {
  readonly [name: string]: string
} {
  return configDir ? { CLAUDE_CONFIG_DIR: configDir } : {}
}

/** The command that logs Claude in for this directory, for a person to type in any shell. */
export function loginCommand({ configDir }: Pick<ClaudePaths, 'configDir'>): string {
  if (configDir === null) return 'claude auth login'
  return `CLAUDE_CONFIG_DIR=${shellWord(configDir)} claude auth login`
}

/** Accepts a directory, also one that does not exist yet. @throws UsageError naming the path and its flag or variable */
export function checkClaudeDir(named: {
  readonly claudeConfigDir: string | null
  readonly claudeConfigDirFrom: string | null
}): void {
  const { claudeConfigDir: dir, claudeConfigDirFrom: by } = named
  let isFolder = true
  try {
    isFolder = dir === null || statSync(dir).isDirectory()
  } catch (error) {
    // Claude makes a missing directory. A start reports any other reason.
    isFolder = (error as NodeJS.ErrnoException).code !== 'ENOTDIR'
  }
  if (isFolder) return
  throw new UsageError(
    `${by} ${dir} is not a folder. Name the folder in which Claude Code keeps its files.`,
  )
}
