// Durable facts, one JSON file: what neither tmux nor Claude nor git can tell after a restart.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { StoreUnwritable } from '../errors.ts'
import { readTextSync } from '../read-file.ts'
import { replaceFile } from '../atomic-write.ts'

const evidence = z.object({
  reason: z.enum([
    'exited',
    'signal',
    'start_failed',
    'stopped',
    'session_closed',
    'tmux_gone',
    'rebooted',
  ]),
  message: z.string(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  lastLines: z.array(z.string()).readonly(),
  by: z.union([
    z.enum(['page', 'api', 'cli', 'agent', 'nobody']),
    z.templateLiteral([z.enum(['user:', 'token:']), z.string()]),
  ]),
  at: z.string(),
})

// Both numbers, so that another process with the same pid is never taken for it.
const processId = z.object({ pid: z.number(), start: z.string() })

const left = processId.extend({
  command: z.string(),
  servesOthers: z.boolean(),
  /** It may be the agent itself: while it runs, nobody continues its conversation. */
  mayBeAgent: z.boolean(),
})

const record = z.object({
  id: z.string(),
  name: z.string(),
  projectPath: z.string(),
  slot: z.number(),
  label: z.string().nullable(),
  model: z.string().nullable(),
  effort: z.string().nullable().default(null),
  conversation: z.string(),
  createdAt: z.string(),
  launchedAt: z.string(),
  /** Whether anything was said in the conversation; an older lab did not note it. */
  said: z.enum(['yes', 'no', 'unknown']).default('unknown'),
  /** It was resumed without its conversation, which was gone. */
  isBlank: z.boolean().default(false),
  /** The agent's process, as its own registry file named it last. */
  registered: z.object({ pid: z.number(), start: z.string() }).nullable().default(null),
  /** The name under which Claude's daemon took its session over. */
  parkedJobId: z.string().nullable().default(null),
  /** The boot in which it was last seen alive. */
  bootId: z.string(),
  /** The file in which the keeper notes how the agent ended. */
  note: z.string(),
  /** The tmux server in which it runs; `start` is null where an older lab did not write it down. */
  server: z.object({ pid: z.number(), start: z.string().nullable() }).nullable().default(null),
  /** The keeper of this launch; null until it exists, and in the record of an older lab. */
  keeper: processId.nullable().default(null),
  /** Left `starting` at least once. */
  verified: z.boolean(),
  /** Who asked for its end, from the moment of asking. */
  stopAskedBy: evidence.shape.by.nullable(),
  /** Names the event in which it ended along with others. */
  together: z.string().nullable(),
  /** The operator did not want it back when it was offered. */
  dismissed: z.boolean().default(false),
  ended: z
    .object({
      state: z.enum(['stopped', 'error']),
      at: z.string(),
      evidence,
      /** What outlived it. */
      left: z.array(left).readonly().default([]),
      /** Its place among all ends, where the lab that wrote it knew one. */
      order: z.number().optional(),
    })
    .nullable(),
})

const facts = z.object({
  version: z.literal(1),
  /** By absolute path. */
  projects: z.record(
    z.string(),
    z.object({ lastUsedAt: z.string(), order: z.number().optional() }),
  ),
  instances: z.array(record),
  /** The tmux server that lab talked to last. */
  server: z.object({ pid: z.number(), startedAt: z.number() }).nullable(),
  /** The notes of launches that failed, though tmux may make their sessions yet. */
  givenUp: z.array(z.string()).default([]),
})

/** What outlives lab of one instance; `ended` is null as long as it was last seen alive. */
export type InstanceRecord = z.infer<typeof record>
/** A process that outlived its instance, by exact identity. */
export type LeftRecord = z.infer<typeof left>
export type Facts = z.infer<typeof facts>

export interface Store {
  /** The facts in memory; change them only through `update`. */
  readonly facts: Facts
  /** Where an unreadable file was put aside at the start; null normally. */
  readonly corruptKeptAt: string | null
  /** Changes the facts at once and resolves when they are on disk. @throws StoreUnwritable; memory keeps the change */
  update(change: (facts: Facts) => void): Promise<void>
  /** Resolves when all changes made until now are on disk, however often that has to be tried. */
  written(): Promise<void>
  /** Why the facts in memory are not on disk; null when they are. The store goes on trying. */
  failure(): StoreUnwritable | null
  /** Resolves when no write is under way. */
  flush(): Promise<void>
}

// The first retry comes soon; a full disk is asked every four seconds.
const [retryMs, retryMsMax] = [250, 4000]

/**
 * Reads the store of a state directory; an unreadable file is kept aside. `prepare` makes the directory
 * ready before a write; `onHealth` is called when writing begins to fail, and when it works again.
 */
export function openStore(options: {
  dir: string
  now: () => Date
  prepare?: () => void
  onHealth?: (failure: StoreUnwritable | null) => void
}): Store {
  const { dir, now, prepare = () => undefined, onHealth = () => undefined } = options
  const path = join(dir, 'state.json')
  const { current, corrupt } = readFacts(path)
  const aside = `${path}.corrupt-${now().toISOString().replaceAll(':', '')}`
  const corruptKeptAt = corrupt ? aside : null
  let isAside = !corrupt

  let writing: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | null = null
  let failure: StoreUnwritable | null = null
  let [changes, onDisk] = [0, 0]
  let waiters: { readonly change: number; readonly tell: () => void }[] = []
  let retry: NodeJS.Timeout | undefined
  let delayMs = retryMs

  /** Nothing is written over what could not be read. */
  function putAside(): void {
    if (!isAside && corruptKeptAt !== null) renameSync(path, corruptKeptAt)
    isAside = true
  }

  async function writeNow(): Promise<void> {
    const change = changes
    prepare()
    putAside()
    await replaceFile(path, `${JSON.stringify(current, null, 1)}\n`, { mode: 0o600 })
    onDisk = change
    delayMs = retryMs
    clearTimeout(retry)
    for (const one of waiters) if (one.change <= change) one.tell()
    waiters = waiters.filter((one) => one.change > change)
    if (failure) onHealth((failure = null))
  }

  function failed(error: unknown): StoreUnwritable {
    const before = failure
    failure = new StoreUnwritable(path, { cause: error })
    clearTimeout(retry)
    retry = setTimeout(tryAgain, delayMs).unref()
    delayMs = Math.min(delayMs * 2, retryMsMax)
    if (!before) onHealth(failure)
    return failure
  }

  const tryAgain = (): void => void write().catch(() => undefined)

  // Updates made while a write runs share the next one.
  function write(): Promise<void> {
    waiting ??= writing
      .catch(() => undefined)
      .then(() => {
        waiting = null
        return writeNow()
      })
      .catch((error: unknown) => {
        throw failed(error)
      })
    writing = waiting
    return waiting
  }

  try {
    putAside()
  } catch {
    // Before the first write, then.
  }

  return {
    get facts() {
      return current
    },
    corruptKeptAt,
    update(change) {
      change(current)
      changes++
      return write()
    },
    written() {
      if (onDisk >= changes) return Promise.resolve()
      return new Promise((tell) => waiters.push({ change: changes, tell }))
    },
    failure: () => failure,
    flush: () => writing.catch(() => undefined),
  }
}

/** Gives the records of a lab that kept one server for all of them that server, before another takes its place. */
function withServers(read: Facts): Facts {
  const { server } = read
  if (server)
    for (const one of read.instances)
      if (!one.ended) one.server ??= { pid: server.pid, start: null }
  return read
}

function readFacts(path: string): { readonly current: Facts; readonly corrupt: boolean } {
  const none: Facts = { version: 1, projects: {}, instances: [], server: null, givenUp: [] }
  const stored = readIfThere(path)
  if (stored === null) return { current: none, corrupt: false }
  const { data } = facts.safeParse(stored.json)
  return data ? { current: withServers(data), corrupt: false } : { current: none, corrupt: true }
}

// Twenty ended instances of a project are kept, with 40 long lines each at most.
const bytesMax = 256 * 1024 * 1024

/** What the file holds, `json` undefined when that cannot be read; null when there is no file. */
function readIfThere(path: string): { readonly json: unknown } | null {
  try {
    return { json: JSON.parse(readTextSync(path, bytesMax)) as unknown }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    return { json: undefined }
  }
}
