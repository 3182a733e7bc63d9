// The active instance of one terminal: commands that take one REF mean it when none is given. Each terminal
// has its own, because several people and programs use one lab; the server knows nothing of it.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Instance } from '../core/instance.ts'
import { writeNow } from '../atomic-write.ts'
import { isRunning, readBootId, sessionLeaderOf } from '../processes/proc.ts'
import { readTextSync } from '../read-file.ts'
import { Failure, type CliContext } from './command.ts'
import { findInstance, NotFound } from './ref.ts'
import type { Server } from './server.ts'

/** The ids of the instance that is active in this terminal, and of the one that was before it. */
export interface Choice {
  readonly active: string | null
  readonly previous: string | null
}

const none: Choice = { active: null, previous: null }

/** What this terminal has chosen. A terminal that cannot be told from others has chosen nothing. */
export function readChoice(context: CliContext): Choice {
  const path = pathOf(context)
  if (path === null) return none
  try {
    const { active, previous } = JSON.parse(readTextSync(path, 10_000)) as Partial<Choice>
    return { active: textOf(active), previous: textOf(previous) }
  } catch {
    return none
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** Makes an instance the active one of this terminal. @throws Failure */
export function choose(id: string, context: CliContext): void {
  const path = pathOf(context)
  if (path === null) throw new Failure('lab cannot tell this terminal from others.')
  const { active, previous } = readChoice(context)
  const choice: Choice = { active: id, previous: active === id ? previous : active }
  const dir = dirOf(context)
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    removeOld(dir)
    writeNow(path, JSON.stringify(choice))
  } catch (error) {
    throw new Failure(`lab cannot remember it in ${dir}: ${(error as Error).message}`)
  }
}

/** A REF as typed, or the id of the active instance. */
export interface Ref {
  readonly text: string
  readonly isActive: boolean
}

/** The one REF among the words of a command, else the active instance. @throws UsageError without either */
export function refOf(words: readonly string[], context: CliContext, command: string): Ref {
  const [text] = words
  if (words.length === 1 && text !== undefined) return { text, isActive: false }
  const { active } = readChoice(context)
  if (words.length === 0 && active !== null) return { text: active, isActive: true }
  throw new UsageError(
    `lab ${command} takes one REF: a session name, a label or an id from \`lab ls\`. \`lab switch REF\` makes it the default of this terminal.`,
  )
}

/** The instance that a REF names. @throws Failure */
export async function namedInstance(server: Server, { text, isActive }: Ref): Promise<Instance> {
  try {
    return await findInstance(server, text)
  } catch (error) {
    if (!(error instanceof NotFound) || !isActive) throw error
    throw new Failure(
      'The active instance of this terminal is not there any more; `lab switch REF` chooses another.',
      { cause: error },
    )
  }
}

function dirOf({ env, homedir }: CliContext): string {
  const runtime = env['XDG_RUNTIME_DIR'] ?? ''
  if (isAbsolute(runtime)) return join(runtime, 'lab-terminals')
  const cache = env['XDG_CACHE_HOME'] ?? ''
  return join(isAbsolute(cache) ? cache : join(homedir, '.cache'), 'lab', 'terminals')
}

/** The file of this terminal. A pid and its start time in one boot never come again, but a tty's name does. */
function pathOf(context: CliContext): string | null {
  const terminal = context.terminal ?? terminalOf()
  return terminal === null ? null : join(dirOf(context), terminal)
}

function terminalOf(): string | null {
  const leader = sessionLeaderOf('self')
  return leader && `${bootName()}.${leader.pid}.${leader.start}`
}

function bootName(): string {
  return readBootId().slice(0, 8)
}

/** Removes the files of terminals that are closed. */
function removeOld(dir: string): void {
  for (const name of readdirSync(dir)) {
    const [boot, pid, start] = name.split('.')
    if (start === undefined) continue
    if (boot !== bootName() || !isRunning({ pid: Number(pid), start }))
      rmSync(join(dir, name), { force: true })
  }
}
