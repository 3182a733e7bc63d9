// One account's home: everything that Claude Code keeps in one login's directory, behind one object.
import { claudePaths, homeEnvironment, loginCommand } from './paths.ts'
import { createClaudeProgram, type ClaudeProgram } from './program.ts'
import { createRegistry, type Registry } from './registry/registry.ts'
import type { RegistryEntry } from './registry-entry.ts'
import { findTranscript, transcriptsDir, type TranscriptState } from './transcript.ts'
import { seedTrust } from './trust.ts'

export interface ClaudeHome {
  /** The name of the account that is logged in here. */
  readonly account: string
  /** The directory that counts, whoever named it. */
  readonly dir: string
  /** The variables that make Claude use this directory; none for Claude's own default. */
  readonly environment: Readonly<Record<string, string>>
  /** The claude program as this account runs it, and whether the account is logged in. */
  readonly program: ClaudeProgram
  /** The command that logs Claude in here, for a person to type in any shell. */
  readonly loginCommand: string
  readonly registry: Registry
  /** Calls `listener` whenever an entry of the registry changed. */
  onRegistryChange(listener: () => void): void
  /** Where the transcripts of all projects are. */
  readonly transcriptsDir: string
  /** Looks for a conversation's transcript; never rejects. */
  findTranscript(conversation: string): Promise<TranscriptState>
  /**
   * Marks a folder as trusted and the onboarding as done. @throws ClaudeConfigInvalid when Claude's
   * configuration is not a JSON object, ClaudeConfigUnwritable; the file is then as it was
   */
  trust(folder: string): Promise<void>
  close(): void
}

/** The homes that lab knows, by the account's name. The first one is for new work. */
export type ClaudeHomes = ReadonlyMap<string, ClaudeHome>

/** Opens a home and watches its registry. The directory may not exist yet. */
export function createClaudeHome(options: {
  readonly account: string
  /** What agents get as CLAUDE_CONFIG_DIR; null leaves Claude's own default below `userHome`. */
  readonly configDir: string | null
  readonly userHome: string
  /** The claude program, a name on PATH or a path. */
  readonly command: string
  /** The environment of every program of Claude's that lab runs. */
  readonly environment: Readonly<Record<string, string>>
  /** Called when the program's version or the login is another than before. */
  readonly onProgramChange: () => void
}): ClaudeHome {
  const { account, configDir, userHome, command, onProgramChange } = options
  const paths = claudePaths({ configDir, home: userHome })
  const environment = homeEnvironment(paths)
  const listeners: Array<() => void> = []
  const registry = createRegistry(paths.sessionsDir, () => {
    for (const listener of listeners) listener()
  })
  return {
    account,
    dir: paths.dir,
    environment,
    program: createClaudeProgram({
      command,
      env: { ...options.environment, ...environment },
      onChange: onProgramChange,
    }),
    loginCommand: loginCommand(paths),
    registry,
    onRegistryChange: (listener) => void listeners.push(listener),
    transcriptsDir: transcriptsDir(paths),
    findTranscript: (conversation) => findTranscript(paths, conversation),
    trust: (folder) => seedTrust(paths.configFile, folder),
    close: () => registry.close(),
  }
}

/** The home of an account; that of new work for an account that lab does not know. */
export function homeOf(homes: ClaudeHomes, account?: string): ClaudeHome {
  const [first] = homes.values()
  const home = homes.get(account ?? '') ?? first
  if (!home) throw new Error('lab has no home of Claude Code')
  return home
}

/** What the registries of all homes say. */
export function* registryEntries(homes: ClaudeHomes): Iterable<RegistryEntry> {
  for (const { registry } of homes.values()) yield* registry.entries()
}
