// What every command is given and answers with.
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  on?(event: 'error', listener: (error: Error) => void): unknown
}

/** The world as a command sees it; main.ts hands over the process's own. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  readonly homedir: string
  readonly cwd: string
  /** lab's own version. */
  readonly version: string
  /** Where the service of a whole machine keeps its state; `/var/lib/lab` unless a test says otherwise. */
  readonly systemStateDir?: string
}

/** Carries out one command with the words after its name; resolves to the exit code. */
export type Command = (argv: readonly string[], context: CliContext) => Promise<number>

/** Something was refused or went wrong: its message goes to stderr and the exit code is 1. */
export class Failure extends Error {}

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
