// One account's home: the directory of one Claude login, behind one object.
import { claudePaths, homeEnvironment, loginCommand } from './paths.ts'
import { createClaudeProgram, type ClaudeProgram } from './program.ts'
import { createRegistry, type Registry } from './registry/registry.ts'
import type { RegistryEntry } from './registry-entry.ts'
import type { SaidPage } from '../core/input/message.ts'
import { readSaid } from './said.ts'
import { findTranscript, transcriptsDir, type FoundTranscript } from './transcript.ts'
import { seedTrust } from './trust.ts'

export interface ClaudeHome {
  /** The name of the account that is logged in here. */
  readonly account: string
  /** The directory that Claude uses. */
  readonly dir: string
  /** The variables that make Claude use this directory; none for Claude's own default. */
  readonly environment: Readonly<Record<string, string>>
  /** The claude program in this account's environment, and the state of its login. */
  readonly program: ClaudeProgram
  /** The command that logs Claude in here, for a person to type in any shell. */
  readonly loginCommand: string
  readonly registry: Registry
  /** Calls `listener` after each change of a registry entry. */
  onRegistryChange(listener: () => void): void
  /** The folder of all projects' transcripts. */
  readonly transcriptsDir: string
  /** Looks for a conversation's transcript. Never rejects. */
  findTranscript(conversation: string): Promise<FoundTranscript>
  /** Reads a page of what was said in a conversation. @throws Unreadable when the disk does not answer */
  readSaid(conversation: string, before: number | null): Promise<SaidPage>
  /**
   * Marks a folder as trusted and the onboarding as done. On a failure the file stays as it was.
   * @throws ClaudeConfigInvalid when Claude's configuration is not a JSON object; ClaudeConfigUnwritable
   */
  trust(folder: string): Promise<void>
  close(): void
}

/** The homes that lab knows, by the account's name. New work uses the first one. */
export type ClaudeHomes = ReadonlyMap<string, ClaudeHome>

/** Opens a home and watches its registry. The directory may not exist yet. */
export function createClaudeHome(options: {
  readonly account: string
  /** The agents' CLAUDE_CONFIG_DIR; null for Claude's default below `userHome`. */
  readonly configDir: string | null
  readonly userHome: string
  /** The claude program, a name on PATH or a path. */
  readonly command: string
  /** The environment of every claude process that lab starts. */
  readonly environment: Readonly<Record<string, string>>
  /** Called when the program's version or the login has changed. */
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
    readSaid: (conversation, before) => readSaid(transcriptsDir(paths), conversation, before),
    trust: (folder) => seedTrust(paths.configFile, folder),
    close: () => registry.close(),
  }
}

/** The home of an account; for an account that lab does not know, the home for new work. */
export function homeOf(homes: ClaudeHomes, account?: string): ClaudeHome {
  const [first] = homes.values()
  const home = homes.get(account ?? '') ?? first
  if (!home) throw new Error('lab has no home of Claude Code')
  return home
}

/** The registry entries of all homes. */
export function* registryEntries(homes: ClaudeHomes): Iterable<RegistryEntry> {
  for (const { registry } of homes.values()) yield* registry.entries()
}
