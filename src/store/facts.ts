// What lab keeps across restarts: the facts that neither tmux nor Claude nor git can tell. Shapes only.
import * as z from 'zod'
import { actorPrefixes, ways } from '../core/actor.ts'
import { endReasons, endStates } from '../core/state.ts'

/** The version of the file that this lab writes. */
export const storeVersion = 1

const evidence = z.object({
  reason: z.enum(endReasons),
  message: z.string(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  lastLines: z.array(z.string()).readonly(),
  by: z.union([z.enum(ways), z.templateLiteral([z.enum(actorPrefixes), z.string()])]),
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
      state: z.enum(endStates),
      at: z.string(),
      evidence,
      /** What outlived it. */
      left: z.array(left).readonly().default([]),
      /** Its place among all ends, where the lab that wrote it knew one. */
      order: z.number().optional(),
    })
    .nullable(),
})

const project = z.object({ lastUsedAt: z.string(), order: z.number().optional() })

/** The tmux server that lab talked to last. */
const server = z.object({ pid: z.number(), startedAt: z.number() })

/** The shapes of the store's records, each of which is read on its own. */
export const shapes = { instance: record, project, server, givenUp: z.string() }

/** What outlives lab of one instance; `ended` is null as long as it was last seen alive. */
export type InstanceRecord = z.infer<typeof record>
/** A process that outlived its instance, by exact identity. */
export type LeftRecord = z.infer<typeof left>

export interface Facts {
  version: typeof storeVersion
  /** By absolute path. */
  projects: Record<string, z.infer<typeof project>>
  instances: InstanceRecord[]
  server: z.infer<typeof server> | null
  /** The notes of launches that failed, though tmux may make their sessions yet. */
  givenUp: string[]
}
