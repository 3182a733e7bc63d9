// The facts that lab keeps across restarts, because neither tmux nor Claude nor git has them. Shapes only.
import * as z from 'zod'
import { actorPrefixes, ways } from '../core/actor.ts'
import { defaultAccount, instanceKinds, workspaceKinds } from '../core/instance.ts'
import { modes } from '../core/settings.ts'
import { endReasons, endStates } from '../core/state.ts'

/** The version of the file that this lab writes. */
export const storeVersion = 1

export const actor = z.union([z.enum(ways), z.templateLiteral([z.enum(actorPrefixes), z.string()])])

const evidence = z.object({
  reason: z.enum(endReasons),
  message: z.string(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  lastLines: z.array(z.string()).readonly(),
  by: actor,
  at: z.string(),
})

// By pid and start time: the kernel gives a pid to another process later.
const processId = z.object({ pid: z.number(), start: z.string() })

const left = processId.extend({
  command: z.string(),
  servesOthers: z.boolean(),
  /** The process may be the agent itself: while it runs, lab does not resume the conversation. */
  mayBeAgent: z.boolean(),
})

const record = z.object({
  id: z.string(),
  name: z.string(),
  projectPath: z.string(),
  /** The project's key, and where the instance runs; an older lab stored neither. */
  projectKey: z.string().optional(),
  workspace: z.object({ kind: z.enum(workspaceKinds), cwd: z.string() }).optional(),
  kind: z.enum(instanceKinds).default('manual'),
  /** The account whose home its agent uses. */
  account: z.string().default(defaultAccount),
  slot: z.number(),
  label: z.string().nullable(),
  model: z.string().nullable(),
  effort: z.string().nullable().default(null),
  /** An older lab started every agent in auto mode. */
  mode: z.enum(modes).default('auto'),
  conversation: z.string(),
  createdAt: z.string(),
  launchedAt: z.string(),
  /** Whether the conversation holds a message; `unknown` in the record of an older lab. */
  said: z.enum(['yes', 'no', 'unknown']).default('unknown'),
  /** The instance was resumed without its conversation, which was gone. */
  isBlank: z.boolean().default(false),
  /** The agent's process, as Claude's registry file named it last. */
  registered: processId.nullable().default(null),
  /** The name under which Claude's daemon holds the agent's session. */
  parkedJobId: z.string().nullable().default(null),
  /** The boot in which lab last saw the instance alive. */
  bootId: z.string(),
  /** The launch id, under the key of older labs. */
  note: z.string(),
  /** The tmux server in which the instance runs; `start` is null where an older lab did not write it. */
  server: z.object({ pid: z.number(), start: z.string().nullable() }).nullable().default(null),
  /** The keeper of this launch; null until the keeper runs, and in the record of an older lab. */
  keeper: processId.nullable().default(null),
  /** The launch has left `starting` at least once. */
  verified: z.boolean(),
  /** The actor who requested the instance's end, from the request on. */
  stopAskedBy: actor.nullable(),
  /** The event that ended this instance along with others. */
  together: z.string().nullable(),
  /** The operator has declined the offer to resume the instance. */
  dismissed: z.boolean().default(false),
  ended: z
    .object({
      state: z.enum(endStates),
      at: z.string(),
      evidence,
      /** The processes that outlived the instance. */
      left: z.array(left).readonly().default([]),
      /** The place of this end among all ends; an older lab wrote none. */
      order: z.number().optional(),
    })
    .nullable(),
})

const project = z.object({ lastUsedAt: z.string(), order: z.number().optional() })

/** The tmux server that lab talked to last. */
const server = z.object({ pid: z.number(), startedAt: z.number() })

/** What the operator set through the page or the API; the configuration file gives the defaults. */
const settings = z.object({
  /** The choices of a start that names none. */
  model: z.string().nullable(),
  effort: z.string().nullable(),
  mode: z.enum(modes),
  /** By the project's absolute path. */
  quickWords: z.record(z.string(), z.array(z.string()).readonly()).default({}),
})

/** The shapes of the store's records, each of which is read on its own. */
export const shapes = { instance: record, project, server, settings, givenUp: z.string() }

/** The record of one instance; `ended` is null while the instance is live. */
export type InstanceRecord = z.infer<typeof record>
/** A process that outlived its instance, by pid and start time. */
export type LeftRecord = z.infer<typeof left>

export interface Facts {
  version: typeof storeVersion
  /** By absolute path. */
  projects: Record<string, z.infer<typeof project>>
  instances: InstanceRecord[]
  server: z.infer<typeof server> | null
  /** Null until the operator changes a setting. */
  settings: z.infer<typeof settings> | null
  /** The ids of abandoned launches, under the key of older labs. tmux may still make their sessions. */
  givenUp: string[]
}
