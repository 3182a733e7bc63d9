// Parses what Claude Code hands to its hooks. The format is another program's, so lab takes each field only
// if it has the expected shape. Pure.
import * as z from 'zod'
import type { HookName } from './shim.ts'

const text = z.string().nullable().catch(null)

const payload = z.object({
  session_id: z.uuid().nullable().catch(null),
  transcript_path: text,
  cwd: text,
  tool_name: text,
  tool_input: z.record(z.string(), z.unknown()).catch({}),
  prompt: text,
  last_assistant_message: text,
  background_tasks: z.array(z.unknown()).catch([]),
  error: text,
})

/** One event of an agent. A field that the event does not have is null or empty. */
export interface HookEvent {
  readonly name: HookName
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly conversation: string | null
  readonly transcriptPath: string | null
  readonly cwd: string | null
  readonly tool: string | null
  readonly input: Readonly<Record<string, unknown>>
  readonly prompt: string | null
  readonly lastMessage: string | null
  /** How many background tasks run after the turn. */
  readonly backgroundTasks: number
  readonly error: string | null
}

/** Parses the text that a hook got on stdin. A text that is cut off has the event's name and time alone. */
export function parseHookEvent(name: HookName, at: number, json: string): HookEvent {
  const parsed = payload.safeParse(jsonOf(json))
  const { data } = parsed.success ? parsed : { data: payload.parse({}) }
  return {
    name,
    at,
    conversation: data.session_id,
    transcriptPath: data.transcript_path,
    cwd: data.cwd,
    tool: data.tool_name,
    input: data.tool_input,
    prompt: data.prompt,
    lastMessage: data.last_assistant_message,
    backgroundTasks: data.background_tasks.length,
    error: data.error,
  }
}

function jsonOf(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return {}
  }
}
