// The help texts, from the table of commands.
import { commandOf, commands } from './commands.ts'
import { alignColumns } from './text.ts'

const urlHelp = [
  '--url URL',
  'the lab to ask (or LAB_URL, with its token in LAB_TOKEN_FILE)',
] as const
const stateDirHelp = [
  '--state-dir D',
  'the state directory of the lab to ask (or LAB_STATE_DIR)',
] as const

/** The text of `lab --help`. */
export function overview(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [`  lab ${name}`, summary])
  return (
    'lab runs several Claude Code instances per git project and puts them on your phone.\n\n' +
    `${alignColumns(rows).join('\n')}\n\n` +
    'REF is a session name, a label, the beginning of either, or an id.\n' +
    '`lab COMMAND --help` says more. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or a failed start.\n'
  )
}

/** The text of `lab COMMAND --help`; null for an unknown command. */
export function commandHelp(name: string): string | null {
  const row = commandOf(name)
  if (!row) return null
  const url = row.findsServer === undefined ? [urlHelp] : []
  const stateDir = row.findsServer === false ? [] : [stateDirHelp]
  const takes = [...(row.takes ?? []), ...url, ...stateDir]
  const table = alignColumns(takes.map(([typed, meaning]) => [`  ${typed}`, meaning]))
  const parts = [
    `${row.usage}\n${row.summary}`,
    ...(table.length > 0 ? [table.join('\n')] : []),
    `Examples:\n${row.examples.map((line) => `  ${line}`).join('\n')}`,
  ]
  return `${parts.join('\n\n')}\n`
}
