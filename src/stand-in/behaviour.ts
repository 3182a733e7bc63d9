// How one stand-in behaves, chosen from outside.
//
// `<config dir>/stand-in.json` holds `{ "default": {…}, "byCwd": { PATH: {…} }, "byName": { NAME: {…} } }`
// (NAME is the value of --name); the later one wins, key by key. A file named by LAB_STAND_IN holds
// one such {…} and wins over all. No file at all means the defaults.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Behaviour {
  /** Null: whatever `<config dir>/.credentials.json` says. */
  readonly loggedIn: boolean | null
  /** How long `auth status` takes. */
  readonly authMs: number
  /** A file that has to be there before anything is done; null: none. */
  readonly startOnce: string | null
  /** A file that has to be there before the prompt is; `startMs` counts from then. Null: none. */
  readonly promptOnce: string | null
  /** From the program's start to its registry file and prompt. */
  readonly startMs: number
  /** Ends by itself, this long after the program's start, before or after the prompt is there. */
  readonly die: Crash | null
  /** Signals that change nothing. */
  readonly ignore: readonly NodeJS.Signals[]
  /** How long a graceful end takes. */
  readonly endMs: number
  /** `manual` asks before a tool that changes something, `auto` never does; null: as --permission-mode says. */
  readonly permissions: 'manual' | 'auto' | null
  /** For how long an opened permission dialog is deaf to Enter. */
  readonly deafMs: number
  /** For how long a second C-c ends it. */
  readonly exitAgainMs: number
  /** From the prompt to the deep link, when asked for; null: it never comes. */
  readonly linkAfterMs: number | null
  /** How often the link's id changes by itself; null: only when `LINK rotate` is typed. */
  readonly linkRotateMs: number | null
  /** `no-status` is what older versions write. */
  readonly registry: 'full' | 'no-status' | 'none'
  /** How long a registry file being written stays cut in half. */
  readonly writeGapMs: number
  /** How often the title changes while busy. */
  readonly titleMs: number
  /** The first pause before an API error is retried; each later one is twice as long, up to 64 times. */
  readonly retryMs: number
  /** Typed and submitted by itself once the prompt is there. */
  readonly prompt: string | null
}

export interface Crash {
  /** A file that has to be there first; the time counts from then. */
  readonly once?: string
  readonly afterMs: number
  readonly exit?: number
  readonly signal?: NodeJS.Signals
  /** Printed right before. */
  readonly lines?: readonly string[]
}

export const defaults: Behaviour = {
  loggedIn: null,
  authMs: 20,
  startOnce: null,
  promptOnce: null,
  startMs: 20,
  die: null,
  ignore: [],
  endMs: 20,
  permissions: null,
  deafMs: 700,
  exitAgainMs: 800,
  linkAfterMs: 150,
  linkRotateMs: null,
  registry: 'full',
  writeGapMs: 2,
  titleMs: 960,
  retryMs: 500,
  prompt: null,
}

/** Reads the behaviour for this working directory and name. @throws Error that names a wrong key */
export function readBehaviour(
  configDir: string,
  env: NodeJS.ProcessEnv,
  { cwd, name }: { readonly cwd: string; readonly name: string | null },
): Behaviour {
  const file = join(configDir, 'stand-in.json')
  const chosen = existsSync(file) ? (readObject(file) as Chosen) : {}
  const named = env['LAB_STAND_IN'] ? readObject(env['LAB_STAND_IN']) : {}
  const merged = {
    ...chosen.default,
    ...chosen.byCwd?.[cwd],
    ...(name === null ? {} : chosen.byName?.[name]),
    ...named,
  }
  for (const key of Object.keys(merged))
    if (!(key in defaults)) throw new Error(`stand-in: there is no behaviour "${key}"`)
  return { ...defaults, ...merged }
}

const lookMs = 10

/** Resolves once a file is there that somebody else makes, so that they decide when and no clock does. */
export async function untilThere(file: string): Promise<void> {
  while (!existsSync(file)) await sleep(lookMs)
}

interface Chosen {
  readonly default?: Partial<Behaviour>
  readonly byCwd?: Record<string, Partial<Behaviour>>
  readonly byName?: Record<string, Partial<Behaviour>>
}

function readObject(file: string): object {
  return JSON.parse(readFileSync(file, 'utf8')) as object
}
