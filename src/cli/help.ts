// The help texts, from the table of commands.
import { commandOf, commands } from './commands.ts'

const urlHelp = '  --url URL     the lab to ask (or LAB_URL, with its token in LAB_TOKEN_FILE)\n'
const stateDirHelp = '  --state-dir D the state directory of the lab to ask (or LAB_STATE_DIR)\n'

/** The text of `lab --help`. */
export function overview(): string {
  const rows = Object.entries(commands).map(
    ([name, { summary }]) => `  lab ${name.padEnd(8)}${summary}\n`,
  )
  return (
    'lab runs several Claude Code instances per git project and puts them on your phone.\n\n' +
    `${rows.join('')}  lab --version\n\n` +
    '`lab COMMAND --help` says more. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or a failed start.\n'
  )
}

/** The text of `lab COMMAND --help`; null for an unknown command. */
export function commandHelp(name: string): string | null {
  const row = commandOf(name)
  if (!row) return null
  const url = row.findsServer === undefined ? urlHelp : ''
  const flags = `${row.details ?? ''}${url}${row.findsServer === false ? '' : stateDirHelp}`
  return `${row.usage}\n${row.summary}\n${flags && `\n${flags}`}`
}
