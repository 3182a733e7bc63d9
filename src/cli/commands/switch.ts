// `lab switch`: the instance that commands in this terminal mean when they are given none.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import { printable } from '../../core/text.ts'
import { choose, namedInstance, readChoice, refOf } from '../active.ts'
import { Failure, serverFlags, type Command } from '../command.ts'
import { findServer } from '../server.ts'

/** Makes an instance the active one of this terminal, `-` the one before; prints the name of the active one. */
export const switchTo: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, serverFlags)
  if (positionals.length > 1)
    throw new UsageError('lab switch takes one REF, or - for the instance before.')
  const server = findServer(values, context)
  const { active, previous } = readChoice(context)
  const isBack = positionals[0] === '-'
  if (isBack && previous === null)
    throw new Failure('This terminal has had no other active instance.')
  if (positionals.length === 0 && active === null)
    throw new Failure('This terminal has no active instance; `lab switch REF` chooses one.')
  const words = isBack && previous !== null ? [previous] : positionals
  const instance = await namedInstance(server, refOf(words, context, 'switch'))
  choose(instance.id, context)
  context.stdout.write(`${printable(instance.name)}\n`)
  return 0
}
