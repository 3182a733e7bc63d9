// `lab send`: a text for one instance, from the command line or from standard input.
import { parseFlags } from '../../argv.ts'
import type { Delivery } from '../../core/input/message.ts'
import { printable } from '../../core/text.ts'
import { UsageError } from '../../errors.ts'
import { callApi } from '../api.ts'
import { Failure, serverFlags, type CliContext, type Command } from '../command.ts'
import { findInstance } from '../ref.ts'
import { findServer } from '../server.ts'

const flags = {
  ...serverFlags,
  draft: { type: 'boolean' },
  literally: { type: 'boolean' },
} as const

// lab gives its receipt within 30 s, after the texts before this one.
const answerTimeoutMs = 75_000
const charsMax = 4 * 1024 * 1024

/** Sends the text and prints its receipt; exits 1 with the reason when the agent did not get it. */
export const send: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const [ref, ...words] = positionals
  if (ref === undefined)
    throw new UsageError('lab send takes a REF and a TEXT; `-` reads the text from standard input.')
  const server = findServer(values, context)
  const { draft = false, literally = false } = values
  const text = await textOf(words, context)
  const { id } = await findInstance(server, ref)
  const answer = await callApi(
    server,
    'POST',
    `instances/${id}/input`,
    { text, submit: !draft, literally },
    { timeoutMs: answerTimeoutMs },
  )
  const { receipt, reason } = answer as Delivery
  const isDone = receipt === 'submitted' || receipt === 'queued' || (draft && receipt === 'typed')
  if (!isDone || reason !== undefined)
    context.stderr.write(`lab: ${printable(`${receipt}: ${reason ?? 'the text is not submitted.'}`)}\n`) // prettier-ignore
  else context.stdout.write(`${receipt}\n`)
  return isDone ? 0 : 1
}

/** The words of the command line, or standard input for `-` and for none. */
async function textOf(words: readonly string[], { stdin }: CliContext): Promise<string> {
  const isPiped = words.length === 0 || (words.length === 1 && words[0] === '-')
  if (!isPiped) return words.join(' ')
  if (!stdin || (words.length === 0 && stdin.isTTY))
    throw new UsageError('lab send needs a TEXT after the REF, or `-` to read standard input.')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  try {
    for await (const chunk of stdin) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length > charsMax)
        throw new Failure(`Standard input has more than ${charsMax} characters, the most that lab sends.`) // prettier-ignore
    }
    return text + decoder.decode()
  } catch (error) {
    if (error instanceof TypeError)
      throw new Failure('Standard input is not UTF-8 text, so lab sent nothing.')
    throw error
  }
}
