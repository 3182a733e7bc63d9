// Turns a permission request into a question for the operator, and an answer into Claude's decision. Pure.
import * as z from 'zod'
import type { Answer, Ask, Choice, FileChange, Question } from '../../core/question.ts'
import { printableLines } from '../../core/text.ts'
import type { HookEvent } from './events.ts'

const option = z.object({ label: z.string(), description: z.string().catch('') })
const ask = z.object({
  question: z.string(),
  header: z.string().catch(''),
  options: z.array(option).catch([]),
  multiSelect: z.boolean().catch(false),
})
const asksSchema = z.object({ questions: z.array(ask).min(1) })

const permission: readonly Choice[] = [
  { id: 'deny', label: 'No' },
  { id: 'allow', label: 'Allow once' },
]

// A card shows a few lines of it. Claude's own dialog shows all of it.
const detailCharsMax = 20_000

/**
 * The question of a permission request; null for a tool whose dialog no hook can answer. `id` names the
 * request.
 */
export function questionOf(id: string, { tool, input, at, cwd }: HookEvent): Question | null {
  // Claude keeps the plan's dialog open whatever its hook decides.
  if (tool === 'ExitPlanMode') return null
  const base = { id, tool, answerable: true, since: new Date(at).toISOString(), change: null }
  const asked = tool === 'AskUserQuestion' ? asksSchema.safeParse(input) : null
  if (asked?.success) {
    const asks = asked.data.questions.map(askOf)
    const detail = asks.map((one) => one.text).join('\n')
    return { ...base, kind: 'question', title: 'asks', detail, asks, choices: choicesOf(asks) }
  }
  const { title, detail, change = null } = describe(tool ?? 'a tool', input, cwd)
  return {
    ...base,
    kind: 'permission',
    title,
    detail: cut(detail),
    change,
    asks: [],
    choices: permission,
  }
}

/** The name of the choice of an option, counted from 0. */
const optionId = (index: number): string => `option-${index + 1}`

/** One tap answers a single question that takes a single option. */
function choicesOf(asks: readonly Ask[]): readonly Choice[] {
  const [only, ...more] = asks
  if (!only || more.length > 0 || only.isMultiple) return []
  return only.options.map(({ label }, index) => ({ id: optionId(index), label }))
}

function askOf({ question, header, options, multiSelect }: z.infer<typeof ask>): Ask {
  return {
    text: printableLines(question),
    header: printableLines(header),
    options: options.map(({ label, description }) => ({
      label: printableLines(label),
      description: printableLines(description),
    })),
    isMultiple: multiSelect,
  }
}

interface Described {
  readonly title: string
  readonly detail: string
  readonly change?: FileChange
}

/** What a tool would do, in words: the verb and its object. */
function describe(tool: string, input: HookEvent['input'], cwd: string | null): Described {
  const text = (key: string): string => (typeof input[key] === 'string' ? input[key] : '')
  const path = relative(text('file_path') || text('notebook_path'), cwd)
  const mcp = /^mcp__(.+?)__(.+)$/.exec(tool)
  if (mcp) return { title: `wants to use ${mcp[2]} of ${mcp[1]}`, detail: jsonText(input) }
  switch (tool) {
    case 'Bash':
      return { title: 'wants to run', detail: text('command') }
    case 'Edit': {
      const change = changeOf(path, text('old_string'), text('new_string'))
      return { title: 'wants to edit', detail: path, change }
    }
    case 'Write':
      return {
        title: 'wants to write',
        detail: path,
        change: changeOf(path, null, text('content')),
      }
    case 'Read':
      return { title: 'wants to read', detail: path }
    case 'WebFetch':
      return { title: 'wants to fetch', detail: text('url') }
    case 'WebSearch':
      return { title: 'wants to search the web for', detail: text('query') }
    default:
      return { title: `wants to use ${tool}`, detail: jsonText(input) }
  }
}

function cut(text: string): string {
  return printableLines(text.slice(0, detailCharsMax))
}

function changeOf(path: string, before: string | null, after: string): FileChange {
  return {
    path: printableLines(path),
    before: before === null ? null : cut(before),
    after: cut(after),
  }
}

function relative(path: string, cwd: string | null): string {
  return cwd !== null && path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path
}

function jsonText(input: HookEvent['input']): string {
  if (Object.keys(input).length === 0) return ''
  try {
    return JSON.stringify(input, null, 2)
  } catch {
    // It is nested too deeply.
    return 'lab cannot show what it would do. Look at its screen.'
  }
}

/** Claude's decision on a request; a string is the reason why the answer does not fit the question. */
export type Decided = { readonly json: string } | { readonly refused: string }

/** Makes Claude's decision from the operator's answer to a question of `questionOf`. */
export function decide(
  question: Question,
  { input }: Pick<HookEvent, 'input'>,
  answer: Answer,
): Decided {
  if (question.kind === 'permission') {
    if (answer.choice === 'allow') return decision({ behavior: 'allow' })
    if (answer.choice === 'deny') {
      const message = answer.text?.trim() || 'The operator said no.'
      return decision({ behavior: 'deny', message })
    }
    return { refused: 'Answer with "allow" or "deny".' }
  }
  if (answer.choice === 'deny')
    return decision({
      behavior: 'deny',
      message: answer.text?.trim() || 'The operator does not answer.',
    })
  const answers = answersOf(question, input, answer)
  if (typeof answers === 'string') return { refused: answers }
  return decision({ behavior: 'allow', updatedInput: { ...input, answers } })
}

/** The answer that ends a hook without a decision. */
export const noDecision = '{}'

function decision(decided: object): Decided {
  const hookSpecificOutput = { hookEventName: 'PermissionRequest', decision: decided }
  return { json: JSON.stringify({ hookSpecificOutput }) }
}

/** The answers by Claude's own text of each question; a string says what is missing. */
function answersOf(
  { asks, choices }: Question,
  input: HookEvent['input'],
  answer: Answer,
): Readonly<Record<string, string>> | string {
  const questions = asksSchema.parse(input).questions
  const answers: Record<string, string> = {}
  for (const [index, { question, options }] of questions.entries()) {
    const shown = asks[index]!
    const given = givenTo(shown, { choices, only: asks.length === 1 }, answer)
    if (given.length === 0) return `The question "${shown.text}" has no answer.`
    if (given.length > 1 && !shown.isMultiple)
      return `The question "${shown.text}" takes one option.`
    // Claude reads its own labels; what the page shows may have hidden characters made visible.
    const own = given.map((label) => {
      const at = shown.options.findIndex((one) => one.label === label)
      return at < 0 ? label : options[at]!.label
    })
    answers[question] = own.join(', ')
  }
  return answers
}

function givenTo(
  shown: Ask,
  { choices, only }: { readonly choices: readonly Choice[]; readonly only: boolean },
  { choice, answers, text }: Answer,
): readonly string[] {
  const given = answers?.[shown.text]
  if (given !== undefined) return (typeof given === 'string' ? [given] : given).filter(Boolean)
  if (!only) return []
  if (choice !== undefined) {
    const chosen = choices.find(({ id, label }) => id === choice || label === choice)
    return chosen ? [chosen.label] : []
  }
  return text?.trim() ? [text.trim()] : []
}
