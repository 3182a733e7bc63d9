// Where one account's Claude Code keeps its configuration and its registry.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { shellWord } from '../core/text.ts'
import { UsageError } from '../errors.ts'

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

/** The environment in which Claude uses this directory. */
export function homeEnvironment({ configDir }: Pick<ClaudePaths, 'configDir'>): {
  readonly [name: string]: string
} {
  return configDir ? { CLAUDE_CONFIG_DIR: configDir } : {}
}

/** The command that logs Claude in where lab looks, for a person to type in any shell. */
export function loginCommand({ configDir }: Pick<ClaudePaths, 'configDir'>): string {
  if (configDir === null) return 'claude auth login'
  return `CLAUDE_CONFIG_DIR=${shellWord(configDir)} claude auth login`
}

/** Passes when a named directory is one, or is not there yet. @throws UsageError that names it and what named it */
export function checkClaudeDir(named: {
  readonly claudeConfigDir: string | null
  readonly claudeConfigDirFrom: string | null
}): void {
  const { claudeConfigDir: dir, claudeConfigDirFrom: by } = named
  let isFolder = true
  try {
    isFolder = dir === null || statSync(dir).isDirectory()
  } catch (error) {
    // Claude makes a missing one; another reason is told by the start that meets it.
    isFolder = (error as NodeJS.ErrnoException).code !== 'ENOTDIR'
  }
  if (isFolder) return
  throw new UsageError(
    `${by} ${dir} is not a folder. Name the folder in which Claude Code is to keep its files.`,
  )
}
