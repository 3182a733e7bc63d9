// What every command is given and answers with.
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  /** The width of a terminal, in columns. */
  readonly columns?: number
  readonly rows?: number
  on?(event: 'error', listener: (error: Error) => void): unknown
}

/** The keyboard of a terminal, key by key. */
export interface Keyboard {
  /** Calls `listener` for what is typed and for each change of the terminal's size, until the returned function is called. */
  open(listener: (typed: string) => void): () => void
}

/** The world as a command sees it; main.ts hands over the process's own. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Missing where no command may read it. */
  readonly stdin?: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Output
  readonly homedir: string
  readonly cwd: string
  /** The command that runs this lab, as an argument vector with absolute paths. */
  readonly self?: readonly string[]
  /** lab's own version. */
  readonly version: string
  /** Missing where standard input is no terminal. */
  readonly keyboard?: Keyboard | undefined
  /** Calls `listener` in place of ending when a signal ends the process, until the returned function is called. */
  readonly onSignal?: (listener: () => void) => () => void
  /** Tells this terminal from others; the session of this process unless a test says otherwise. */
  readonly terminal?: string
  /** Where the service of a whole machine keeps its state; `/var/lib/lab` unless a test says otherwise. */
  readonly systemStateDir?: string
}

/** Carries out one command with the words after its name; resolves to the exit code. */
export type Command = (argv: readonly string[], context: CliContext) => Promise<number>

/** Something was refused or went wrong: its message goes to stderr and the exit code is 1. */
export class Failure extends Error {}

/** lab refused a call of its API. */
export class Refused extends Failure {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** What a word names, so that a shell can complete it: something that lab knows, or one of a list. */
export type WordKind = 'instance' | 'ended' | 'project' | readonly string[]

/** A command: how it is called, what it does, and the file that carries it out. */
export interface Row {
  readonly usage: string
  readonly summary: string
  /** Each argument and each flag as typed, with its meaning; `value` is what the flag's value names. */
  readonly takes?: readonly (readonly [typed: string, meaning: string, value?: WordKind])[]
  /** Three command lines. */
  readonly examples: readonly [string, string, string]
  /** What its words name; missing where a shell completes nothing. */
  readonly words?: WordKind
  /** False for a command that asks no server; `here` for one that needs lab's own machine. */
  readonly findsServer?: false | 'here'
  /** Missing where main.ts carries the command out. */
  readonly load?: () => Promise<Command>
}

/** The flags that every command takes to find the server. */
export const serverFlags = {
  url: { type: 'string' },
  'state-dir': { type: 'string' },
} as const

/** Their values, as typed. */
export interface ServerFlags {
  readonly url?: string | undefined
  readonly 'state-dir'?: string | undefined
}
