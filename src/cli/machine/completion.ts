// `lab completion`: the script with which a shell completes lab's words, and the words themselves. The
// scripts ask lab for every word, so that names are live and one table serves all shells.
import { asksForHelp, parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import { isLive, type Instance } from '../../core/instance.ts'
import { printable } from '../../core/text.ts'
import { fetchInstances, fetchProjects } from '../api.ts'
import { Failure, type CliContext, type Command, type Row, type WordKind } from '../command.ts'
import { idCharsShown } from '../ref.ts'
import { findServer, type Server } from '../server.ts'
import { doingOf, wordOf } from '../table.ts'

/** A word that may follow, and what it is. */
type Candidate = readonly [value: string, meaning: string]

const bash = `_lab() {
  local value meaning quoted
  COMPREPLY=()
  while IFS=$'\\t' read -r value meaning; do
    printf -v quoted %q "$value"
    COMPREPLY+=("$quoted")
  done < <("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _lab lab
`

const zsh = `#compdef lab
_lab() {
  local value meaning
  local -a values meanings
  while IFS=$'\\t' read -r value meaning; do
    values+=("$value")
    meanings+=("$value -- $meaning")
  done < <("\${words[1]}" completion words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( \${#values} )) && compadd -l -d meanings -a values
}
if [[ "\${funcstack[1]}" == _lab ]]; then _lab "$@"; else compdef _lab lab; fi
`

const fish = `function __lab_words
    set -l words (commandline -opc) (commandline -ct)
    $words[1] completion words -- $words[2..-1] 2>/dev/null
end
complete -c lab -f -a '(__lab_words)'
`

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish }

/** Makes the command from the table of all commands. */
export function createCompletion(commands: Readonly<Record<string, Row>>): Command {
  return async (argv, context) => {
    if (argv[0] === 'words' && argv[1] === '--') {
      const found = await candidatesFor(argv.slice(2), { commands, context })
      const lines = found.map(([value, meaning]) => `${printable(value)}\t${printable(meaning)}\n`)
      context.stdout.write(lines.join(''))
      return 0
    }
    const { positionals } = parseFlags(argv, {})
    const [shell = ''] = positionals
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
    if (script === undefined || positionals.length > 1)
      throw new UsageError(`lab completion takes one of ${Object.keys(scripts).join(', ')}.`)
    context.stdout.write(script)
    return 0
  }
}

interface World {
  readonly commands: Readonly<Record<string, Row>>
  readonly context: CliContext
}

/** What may stand in the place of the last word. */
async function candidatesFor(
  words: readonly string[],
  { commands, context }: World,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? ''
  const begins = ([value]: Candidate): boolean => value.startsWith(current)
  const names = Object.entries(commands).map(([name, { summary }]): Candidate => [name, summary])
  const [name = ''] = words
  if (words.length < 2) return names.filter(begins)
  if (name === 'help') return words.length === 2 ? names.filter(begins) : []
  const row = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!row || asksForHelp(words)) return []
  const takes = row.takes ?? []
  const flag = takes.find(([typed]) => typed.split(' ')[0] === words.at(-2) && typed.includes(' '))
  if (!flag && current.startsWith('-')) return flagsOf(row).filter(begins)
  const kind = flag ? flag[2] : row.words
  if (kind === undefined) return []
  if (typeof kind !== 'string') return kind.map((value): Candidate => [value, '']).filter(begins)
  return live(kind, { words, context, current })
}

function flagsOf({ takes = [], findsServer }: Row): readonly Candidate[] {
  const own = takes.flatMap(([typed, meaning]): Candidate[] =>
    typed.startsWith('--') ? [[typed.split(' ')[0] ?? '', meaning]] : [],
  )
  const server: Candidate[] = findsServer === undefined ? [['--url', 'the lab to ask']] : []
  const dir: Candidate[] = findsServer === false ? [] : [['--state-dir', 'the lab to ask']]
  return [...own, ...server, ...dir, ['--help', 'say how the command is called']]
}

/** Names that the running lab knows; none while it is down. */
async function live(
  kind: Exclude<WordKind, readonly string[]>,
  {
    words,
    context,
    current,
  }: { readonly words: readonly string[]; readonly context: CliContext; readonly current: string },
): Promise<readonly Candidate[]> {
  const begins = ([value]: Candidate): boolean => value.startsWith(current)
  try {
    const server = findServer(serverFlagsIn(words), context)
    if (kind === 'project') return (await projectsOf(server)).filter(begins)
    const instances = (await fetchInstances(server)).filter(
      ({ state }) => isLive(state) === (kind === 'instance'),
    )
    const names = instances.map((one) => candidateOf(one, kind)).filter(begins)
    if (names.length > 0) return names
    return instances
      .flatMap((one): Candidate[] => (one.label ? [[one.label, one.name]] : []))
      .filter(begins)
  } catch (error) {
    if (error instanceof Failure || error instanceof UsageError) return []
    throw error
  }
}

async function projectsOf(server: Server): Promise<readonly Candidate[]> {
  const { projects } = await fetchProjects(server)
  return projects.map(({ key, path }): Candidate => [key, path])
}

/** Several ended instances may have had one name, so their ids complete. */
function candidateOf(instance: Instance, kind: 'instance' | 'ended'): Candidate {
  const { id, name, label, state } = instance
  if (kind === 'ended') return [id.slice(0, idCharsShown), `${name} ${label ?? ''}`.trim()]
  return [name, `${wordOf(state)} ${doingOf(instance)}`.trim()]
}

/** The flags in an unfinished command line that name another lab. */
function serverFlagsIn(words: readonly string[]): Parameters<typeof findServer>[0] {
  const valueOf = (name: string): string | undefined => {
    const at = words.indexOf(name)
    const joined = words.find((word) => word.startsWith(`${name}=`))
    return at >= 0 && at < words.length - 1 ? words[at + 1] : joined?.slice(name.length + 1)
  }
  return { url: valueOf('--url'), 'state-dir': valueOf('--state-dir') }
}
