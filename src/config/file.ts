// The configuration file: JSON text in, preferences or a refusal that names the key out. A new key is a
// line in `shape` and in src/config/README.md. Pure; serve/config-file.ts reads the file.
import * as z from 'zod'
import { nearest } from '../argv.ts'
import {
  defaultPreferences as defaults,
  notifyEvents,
  quickWordCharsMax,
  quickWordsMax,
  type Preferences,
} from '../core/settings.ts'
import { isWord } from '../core/start.ts'
import { hasHidden, printable } from '../core/text.ts'
import { UsageError } from '../errors.ts'

const words = z.array(z.string().refine(isWord, 'is not one word, such as opus')).max(50)

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time such as `5s` or `5m`, as milliseconds. */
const duration = z
  .string()
  .regex(/^\d{1,6}(ms|s|m|h|d)$/, 'is not a time, such as 5s or 5m')
  .transform((text) => parseInt(text, 10) * unitMs[text.replace(/\d+/, '') as keyof typeof unitMs])

const quickWord = z
  .string()
  .refine((text) => text.trim() !== '', 'is empty')
  .refine((text) => !hasHidden(text), 'holds a control character or a line break')
  .max(quickWordCharsMax)

const projectShape = z.strictObject({
  quickWords: z.array(quickWord).max(quickWordsMax).default([]),
})

const shape = z.strictObject({
  models: words.default([...defaults.models]),
  efforts: words.default([...defaults.efforts]),
  notify: z
    .strictObject({
      needsAfter: duration.default(defaults.notify.needsAfterMs),
      events: z.array(z.enum(notifyEvents)).default([...defaults.notify.events]),
    })
    .prefault({}),
  projects: z.record(z.string(), projectShape).default({}),
})

/**
 * Reads the text of a configuration file. @throws UsageError in one line that names the file, the path of
 * the key and what is wrong with it; every bad key at once
 */
export function parseConfigFile(path: string, text: string): Preferences {
  const result = shape.safeParse(parseJson(path, text))
  if (!result.success)
    throw new UsageError(`${subject(path)}: ${result.error.issues.map(describe).join('; ')}.`)
  const { notify, ...rest } = result.data
  const { needsAfter: needsAfterMs, events } = notify
  return { ...rest, notify: { needsAfterMs, events } }
}

function subject(path: string): string {
  return `--config ${printable(path)}`
}

function parseJson(path: string, text: string): unknown {
  try {
    // An editor may begin the file with a byte order mark.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new UsageError(`${subject(path)} is not JSON: ${printable((error as Error).message)}.`)
  }
}

/** One fault of the file, such as `projects.api.quickWords[2] is empty`. */
function describe(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys') return `${placeOf(at)} ${said(issue)}`
  return issue.keys.map((key) => unknownKey(at, key)).join('; ')
}

/** What is wrong with the value: the words of `shape`, or zod's own. */
function said({ message, code }: z.core.$ZodIssue): string {
  const own = code === 'custom' || code === 'invalid_format'
  return own ? message : `is not as expected: ${printable(message)}`
}

function unknownKey(at: readonly string[], key: string): string {
  const known = at.length === 0 ? shape : at[0] === 'notify' ? shape.shape.notify.unwrap() : projectShape // prettier-ignore
  const near = nearest(key, Object.keys(known.shape))
  const hint = near === null ? '' : ` (did you mean ${near}?)`
  return `${placeOf([...at, key])} is not a key that this lab knows${hint}`
}

/** A path in the file as a person writes it; `the file` for the whole. */
function placeOf(at: readonly string[]): string {
  if (at.length === 0) return 'the file'
  return printable(at.map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`)).join('')).replace(
    /^\./,
    '',
  )
}
