// The settings of one stand-in, which tests and the demo choose.
//
// `<config dir>/stand-in.json` holds `{ "default": {…}, "byCwd": { PATH: {…} }, "byName": { NAME: {…} } }`
// (NAME is the value of --name). For each key the later object wins. The file that LAB_STAND_IN names
// holds one such {…} and wins over all.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Behaviour {
  /** Null: `<config dir>/.credentials.json` decides. */
  readonly loggedIn: boolean | null
  /** Time that `auth status` takes. */
  readonly authMs: number
  /** The start waits for this file; null: it waits for none. */
  readonly startOnce: string | null
  /** The prompt waits for this file, and `startMs` counts from there; null: it waits for none. */
  readonly promptOnce: string | null
  /** Time from the end of the first dialogs to the prompt. */
  readonly startMs: number
  /** A planned crash, before or after the prompt; null: none. */
  readonly die: Crash | null
  /** The signals that the stand-in ignores. */
  readonly ignore: readonly NodeJS.Signals[]
  /** Time that a graceful end takes. */
  readonly endMs: number
  /** `manual` and `plan` ask before a tool that changes files, `auto` does not; null: --permission-mode decides. */
  readonly permissions: 'manual' | 'auto' | 'plan' | null
  /** Time for which a new permission dialog ignores Enter. */
  readonly deafMs: number
  /** Time after the last key of a draft for which a permission dialog stays hidden. */
  readonly typingMs: number
  /** Time from the opening of a dialog to the registry's `waiting`. */
  readonly waitingMs: number
  /** Time within which a second C-c ends the stand-in. */
  readonly exitAgainMs: number
  /** Time from the prompt to the deep link of --remote-control; null: the link never comes. */
  readonly linkAfterMs: number | null
  /** Time after which the link's id changes, again and again; null: only `LINK rotate` changes it. */
  readonly linkRotateMs: number | null
  /** `no-status` writes the file of an older version. */
  readonly registry: 'full' | 'no-status' | 'none'
  /** Time for which the registry file is cut in half during each write. */
  readonly writeGapMs: number
  /** Time between two frames of a busy title. */
  readonly titleMs: number
  /** The pause before the first retry of an API error. Each later pause is twice as long, up to 64 times. */
  readonly retryMs: number
  /** The prompt that the stand-in submits first; null: that of the command line. */
  readonly prompt: string | null
}

export interface Crash {
  /** The crash waits for this file; `afterMs` counts from there. Missing: it counts from the start. */
  readonly once?: string
  readonly afterMs: number
  readonly exit?: number
  readonly signal?: NodeJS.Signals
  /** The last lines before the crash. */
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
  typingMs: 1500,
  waitingMs: 40,
  exitAgainMs: 800,
  linkAfterMs: 150,
  linkRotateMs: null,
  registry: 'full',
  writeGapMs: 2,
  titleMs: 960,
  retryMs: 500,
  prompt: null,
}

/** Reads the behaviour for this working directory and name. @throws Error that names an unknown key */
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

/** Resolves when the file exists. A test makes the file, so that the test decides when and not a clock. */
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
