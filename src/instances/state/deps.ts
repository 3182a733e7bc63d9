// The dependencies that the composition root gives to the service.
import type { Log } from '../../log.ts'
import type { ClaudeHomes } from '../../claude/home.ts'
import type { Preferences } from '../../core/settings.ts'
import type { Projects } from '../../projects/projects.ts'
import type { Journal } from '../../store/journal.ts'
import type { Store } from '../../store/store.ts'
import type { Tmux } from '../../tmux/tmux.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import type { Spool, SpoolFile } from '../../store/spool.ts'

export interface InstancesDeps {
  readonly tmux: Tmux
  readonly homes: ClaudeHomes
  readonly store: Store
  readonly journal: Journal
  readonly log: Log
  /** Each of these two calls `onChange` when something changed. */
  readonly openLaunchNotes: (onChange: () => void) => LaunchNotes
  /** `onFile` hears of each file that a hook of an agent wrote. */
  readonly openSpool: (onFile: (id: string, file: SpoolFile) => void) => Spool
  readonly openProjects: (onChange: () => void) => Projects
  /** Makes the missing parts of the state directory that an agent needs. @throws what the system says */
  readonly prepareStateDir: () => Promise<void>
  /** The configuration file as lab read it last. */
  readonly configFile: {
    current(): Preferences
    /** Why lab could not use the file when it read it again, as a sentence; null when it could. */
    problem(): string | null
  }
  readonly instancesMax: number
  readonly bootId: string
  readonly launch: {
    /** The command as configured, for a refusal's sentence. */
    readonly command: string
    /** lab's own environment. Agents get an allowed part of it. */
    readonly environment: Readonly<Record<string, string | undefined>>
    /** Further variables of that environment that agents get. */
    readonly passEnv: readonly string[]
    readonly stateDir: string
    /** Open files an agent may have; 0 leaves the limit alone. */
    readonly nofile: number
    readonly historyLimit: number
  }
  /** How long an agent may take to end after SIGTERM before lab kills it. */
  readonly graceMs: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
