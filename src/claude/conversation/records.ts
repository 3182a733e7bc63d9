// Parses the newest records of a transcript: what the agent does now, what it said last, and whether a
// usage limit stopped it. The format is undocumented, so lab takes each field only if it has the expected
// shape. Pure.
import * as z from 'zod'
import type { UsageLimit } from '../../core/limit.ts'
import { lastSentence, oneLine, toolLine } from './lines.ts'

/** What the end of a transcript says. */
export interface TranscriptEnd {
  /** The tool whose result is not there yet, such as `Edit src/cart/total.ts`; null without one. */
  readonly tool: string | null
  /** The last sentence of the agent, or the prompt that is newer; null where lab found neither. */
  readonly said: string | null
  /** The limit in the newest record; null where the newest record is another one. */
  readonly limit: UsageLimit | null
}

export interface EndReader {
  /** Takes the next older line. Returns true once no older line changes the end. */
  take(line: string): boolean
  end(): TranscriptEnd
}

const text = z.string().nullable().catch(null)
const flag = z.boolean().catch(false)
const block = z
  .union([
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({
      type: z.literal('tool_use'),
      id: z.string(),
      name: z.string(),
      input: z.record(z.string(), z.unknown()).catch({}),
    }),
    z.object({ type: z.literal('tool_result'), tool_use_id: z.string() }),
  ])
  .nullable()
  .catch(null)
const recordSchema = z.object({
  type: z.enum(['user', 'assistant']),
  isSidechain: flag,
  isMeta: flag,
  isCompactSummary: flag,
  cwd: text,
  timestamp: text,
  message: z.object({
    model: text,
    content: z.union([z.string().transform((said) => [{ type: 'text' as const, text: said }]), z.array(block)]), // prettier-ignore
  }),
  isApiErrorMessage: flag,
  apiError: text,
  quotaLimits: z
    .object({ rateLimitType: z.string(), resetsAt: z.number().positive().nullable().catch(null) })
    .nullable()
    .catch(null),
})
type TranscriptRecord = z.infer<typeof recordSchema>

// Each record of the conversation begins so. Nine tenths of a transcript are other records, and long ones.
const beginning = '{"parentUuid":'

/** Reads lines from the newest one on. */
export function createEndReader(): EndReader {
  const results = new Set<string>()
  let tool: string | null = null
  let said: string | null = null
  let limit: UsageLimit | null | undefined
  // A prompt or an interrupt ends what ran before it.
  let isSettled = false

  function takeAssistant({ message, cwd }: TranscriptRecord): void {
    for (const part of message.content.toReversed()) {
      if (said !== null) return
      if (part?.type === 'text') said = lastSentence(part.text)
      // Of several tools at once the oldest runs first.
      if (part?.type === 'tool_use' && !isSettled && !results.has(part.id))
        tool = toolLine(part.name, part.input, cwd)
    }
  }

  function takeUser({ message }: TranscriptRecord): void {
    for (const part of message.content)
      if (part?.type === 'tool_result') results.add(part.tool_use_id)
      else if (part?.type === 'text') {
        isSettled = true
        if (!interrupt.test(part.text)) said ??= oneLine(part.text.replace(paste, '')) || null
      }
  }

  return {
    take(line) {
      const record = line.startsWith(beginning) ? parseRecord(line) : null
      if (record === null) return false
      if (limit === undefined) limit = limitOf(record)
      if (record.type === 'assistant') takeAssistant(record)
      else takeUser(record)
      return said !== null
    },
    end: () => ({ tool, said, limit: limit ?? null }),
  }
}

const interrupt = /^\[Request interrupted by user/
// The marks around a long text that a person pasted.
const paste = /<\/?pasted_content id=[^>]{0,100}>/g
// What Claude writes in the user's name, such as the output of a command or the end of a task.
const machine = /^\s*<(?:command|local-command|bash|task|system|user-prompt)[a-z-]*>/

/** A record of the conversation between the user and the main agent; null for any other line. */
function parseRecord(line: string): TranscriptRecord | null {
  const parsed = recordSchema.safeParse(jsonOf(line))
  if (!parsed.success) return null
  const { type, isSidechain, isMeta, isCompactSummary, isApiErrorMessage, message } = parsed.data
  if (isSidechain || isMeta || isCompactSummary) return null
  if (type === 'assistant' && message.model === '<synthetic>' && !isApiErrorMessage) return null
  const [first] = message.content
  return type === 'user' && first?.type === 'text' && machine.test(first.text) ? null : parsed.data
}

function limitOf(record: TranscriptRecord): UsageLimit | null {
  const { isApiErrorMessage, apiError, quotaLimits, timestamp } = record
  if (!isApiErrorMessage || apiError !== 'usage_limit_reached' || !quotaLimits) return null
  const { rateLimitType, resetsAt } = quotaLimits
  const at = Date.parse(timestamp ?? '')
  const until = resetsAt === null ? null : resetsAt * 1000
  return {
    type: rateLimitType,
    resetsAt: until !== null && until <= dateMax ? until : null,
    at: Number.isNaN(at) ? null : at,
  }
}

// The latest moment that a Date can hold.
const dateMax = 8.64e15

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
