// Parses one file of Claude's registry. The format is undocumented, so lab takes each field only if it has
// the expected shape. Pure.
import * as z from 'zod'
import { deepLinkOf } from '../core/deep-link.ts'

// The latest moment that a Date can hold.
const dateMax = 8.64e15
const text = z.string().min(1).nullable().catch(null)
const date = z.number().min(0).max(dateMax).nullable().catch(null)
const entrySchema = z.object({
  pid: z.number().int().positive(),
  procStart: z
    .union([z.string().min(1), z.number().transform(String)])
    .nullable()
    .catch(null),
  sessionId: z.uuid().nullable().catch(null),
  status: z.enum(['idle', 'busy', 'waiting', 'shell']).nullable().catch(null),
  waitingFor: text,
  bridgeSessionId: text,
  kind: text,
  spare: z.boolean().catch(false),
  jobId: text,
  parkedJobId: text,
  startedAt: date,
  updatedAt: date,
  statusUpdatedAt: date,
})

export interface RegistryEntry {
  readonly pid: number
  /** Field 22 of /proc/PID/stat. The entry is valid only for a process with this start time. */
  readonly procStart: string | null
  readonly conversation: string | null
  readonly status: 'idle' | 'busy' | 'waiting' | 'shell' | null
  readonly waitingFor: string | null
  readonly deepLink: string | null
  /** A session that Claude's own daemon keeps in the background. */
  readonly isBackground: boolean
  /** A session without messages that the daemon holds ready. */
  readonly isSpare: boolean
  /** The daemon's name for a background session. */
  readonly jobId: string | null
  /** The job into which Claude moved this session; this process then only shows a list of sessions. */
  readonly parkedJobId: string | null
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null
  readonly updatedAt: number | null
  /** When the status last changed, in milliseconds since the epoch; null where Claude's version does not say. */
  readonly statusUpdatedAt: number | null
}

/** Parses one registry file's text; null when it is empty, cut off or of another shape. */
export function parseEntry(json: string): RegistryEntry | null {
  let raw: unknown
  try {
    raw = JSON.parse(json)
  } catch {
    return null
  }
  const parsed = entrySchema.safeParse(raw)
  if (!parsed.success) return null
  const { sessionId, waitingFor, bridgeSessionId, kind, spare, ...fields } = parsed.data
  return {
    ...fields,
    conversation: sessionId,
    waitingFor: fields.status === 'waiting' ? waitingFor : null,
    deepLink: deepLinkOf(bridgeSessionId),
    isBackground: kind === 'bg' || spare,
    isSpare: spare,
  }
}
