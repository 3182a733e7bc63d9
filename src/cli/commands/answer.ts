// `lab answer`: shows what an instance asks, and answers it.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Question } from '../../core/question.ts'
import { printable, printableLines } from '../../core/text.ts'
import { namedInstance, refOf } from '../active.ts'
import { callApi, pathPart } from '../api.ts'
import { Failure, serverFlags, type Command } from '../command.ts'
import { findServer } from '../server.ts'

const flags = {
  ...serverFlags,
  text: { type: 'string' },
  for: { type: 'string', multiple: true },
} as const

/** Answers the question that the instance asks now, or prints it where no answer is given. */
export const answer: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const [, ...words] = positionals
  if (words.length > 1)
    throw new UsageError('lab answer takes an instance and a choice: `lab answer foo allow`.')
  refuseInAgent(context.env)
  const ref = refOf(positionals.slice(0, 1), context, 'answer')
  const server = findServer(values, context)
  const { id, name, question } = await namedInstance(server, ref)
  if (!question) throw new Failure(`${printable(name)} asks nothing.`)
  const [wanted] = words
  const { text, for: answers = [] } = values
  if (wanted === undefined && text === undefined && answers.length === 0) {
    context.stdout.write(describe(name, question))
    return 0
  }
  await callApi(server, 'POST', `instances/${pathPart(id, 'an instance')}/answer`, {
    question: question.id,
    ...(wanted !== undefined && { choice: choiceOf(question, wanted) }),
    ...(text !== undefined && { text }),
    ...(answers.length > 0 && { answers: answersOf(question, answers) }),
  })
  return 0
}

/** An agent must not approve what it asks for itself. */
function refuseInAgent({ LAB_INSTANCE: id }: Readonly<Record<string, string | undefined>>): void {
  if (id)
    throw new Failure(
      'An agent cannot answer questions. Answer from another terminal or on the page.',
    )
}

function describe(name: string, { title, detail, choices, asks }: Question): string {
  const lines = [`${printable(name)} ${printable(title)}`]
  if (asks.length === 0) lines.push(...indented(detail))
  for (const [index, { text, options, isMultiple }] of asks.entries()) {
    lines.push(`  ${index + 1}. ${printable(text)}${isMultiple ? ' (several)' : ''}`)
    for (const { label, description } of options)
      lines.push(`     ${printable(label)}${description && ` – ${printable(description)}`}`)
  }
  for (const { id, label } of choices) lines.push(`  [${id}] ${printable(label)}`)
  return `${lines.join('\n')}\n`
}

function indented(text: string): readonly string[] {
  return printableLines(text)
    .split('\n')
    .map((line) => `    ${line}`)
}

/** The id of a choice by its id or its words. @throws Failure */
function choiceOf({ choices }: Question, wanted: string): string {
  const lower = wanted.toLowerCase()
  const found = choices.find(({ id, label }) => id === wanted || label.toLowerCase() === lower)
  if (found) return found.id
  if (wanted === 'deny' || wanted === 'allow') return wanted
  const known = choices.map(({ id, label }) => `${id} (${printable(label)})`).join(', ')
  throw new Failure(`"${printable(wanted)}" is not a choice. The choices are: ${known}.`)
}

/** The answers by the text of each question. @throws Failure */
function answersOf(
  { asks }: Question,
  given: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const answers: Record<string, string[]> = {}
  for (const one of given) {
    const at = one.indexOf('=')
    const [key, value] = [one.slice(0, at), one.slice(at + 1)]
    const asked =
      at > 0 ? (asks[Number(key) - 1] ?? asks.find(({ text }) => text === key)) : undefined
    if (!asked)
      throw new Failure(
        `"${printable(one)}" names none of the questions. \`lab answer REF\` shows them.`,
      )
    ;(answers[asked.text] ??= []).push(value)
  }
  return answers
}
