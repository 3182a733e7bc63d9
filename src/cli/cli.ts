// The command line of a client: every command but serve and demo speaks to lab through the JSON API.
// This room imports nothing heavy, because `lab ls` must start as fast as Node does.
import { asksForHelp } from '../argv.ts'
import { UsageError } from '../errors.ts'
import { Failure, type CliContext } from './command.ts'
import { commandMeant, commandOf } from './commands.ts'
import { commandHelp, overview } from './help.ts'
import { printable } from '../core/text.ts'

const helpWord = /^(-h|--?help|help)$/
const versionWord = /^(-v|-V|--?version|version)$/

/**
 * Whether `runCli` carries out a command line that begins with this word: a command, or a call for
 * help or version. Everything else that begins with a dash is a flag of `lab serve`.
 */
export function isCommand(word: string): boolean {
  return commandOf(word)?.load !== undefined || helpWord.test(word) || versionWord.test(word)
}

/**
 * Carries out one command line and resolves to its exit code: 0 done, 1 refused or failed, 2 not
 * understood; the reason is one line on stderr. A word that is no command is refused with the nearest.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  // A reader that went away (`lab ls | head -1`) is no failure of the command.
  for (const output of [context.stdout, context.stderr]) output.on?.('error', () => {})
  try {
    return await dispatch(argv, context)
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof Failure)) throw error
    context.stderr.write(`lab: ${printable(error.message)}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<number> {
  const [word = '--help', ...rest] = argv
  if (versionWord.test(word) && !(word === 'version' && asksForHelp(rest))) {
    context.stdout.write(`lab ${context.version}\n`)
    return 0
  }
  if (helpWord.test(word)) {
    context.stdout.write(rest[0] === undefined ? overview() : helpOf(rest[0]))
    return 0
  }
  // What follows `lab tmux` is tmux's own; its help is asked for first or not at all.
  if (asksForHelp(word === 'tmux' ? rest.slice(0, 1) : rest)) {
    context.stdout.write(helpOf(word))
    return 0
  }
  const load = commandOf(word)?.load
  if (!load) throw unknownCommand(word)
  const run = await load()
  return run(rest, context)
}

function helpOf(word: string): string {
  const help = commandHelp(word)
  if (help === null) throw unknownCommand(word)
  return help
}

function unknownCommand(word: string): UsageError {
  const near = commandMeant(word)
  const hint = near ? `did you mean \`lab ${near}\`?` : '`lab --help` lists them.'
  return new UsageError(`${JSON.stringify(word)} is not a command of lab; ${hint}`)
}
