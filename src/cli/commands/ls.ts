// `lab ls`: everything at one glance; in a pipe one line an instance.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Instance, Project } from '../../core/instance.ts'
import { headline, printable } from '../../core/text.ts'
import { readChoice } from '../active.ts'
import { fetchEnded, fetchProjects, type Projects } from '../api.ts'
import { Failure, serverFlags, type CliContext, type Command } from '../command.ts'
import { projectKey } from '../project.ts'
import { idCharsShown } from '../ref.ts'
import { findServer } from '../server.ts'
import { columnsFor, formatRows, wantsColour, type TableOptions } from '../table.ts'
import { age, alignColumns, columnsOf, fitColumns, printableJson } from '../text.ts'

const flags = {
  ...serverFlags,
  json: { type: 'boolean' },
  ended: { type: 'boolean' },
  links: { type: 'boolean' },
} as const

/** Lists projects, instances, the cap and foreign sessions; with a project, its instances alone. */
export const ls: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const [named] = positionals
  if (positionals.length > 1)
    throw new UsageError('lab ls takes one PROJECT, or none to list everything.')
  const server = findServer(values, context)
  const answer = await fetchProjects(server)
  const key = named === undefined ? null : listedKey(named, answer.projects, context)
  const options = {
    now: Date.now(),
    colour: wantsColour(context),
    columns: columnsFor(context),
    links: values.links === true,
    active: readChoice(context).active,
  }
  if (values.ended) {
    const all = await fetchEnded(server)
    const ended = key === null ? all : all.filter(({ project }) => project === key)
    context.stdout.write(values.json ? `${printableJson(ended)}\n` : formatEnded(ended, options))
    return 0
  }
  const shown = key === null ? answer : only(answer, key)
  context.stdout.write(values.json ? `${printableJson(shown)}\n` : formatProjects(shown, options))
  return 0
}

/** The key of a project that lab lists. @throws Failure */
function listedKey(named: string, projects: readonly Project[], context: CliContext): string {
  const key = projectKey(named, projects, context)
  if (projects.some((project) => project.key === key)) return key
  throw new Failure(`No project is called ${JSON.stringify(named)}; \`lab ls\` shows them.`)
}

function only(answer: Projects, wanted: string): Projects {
  return { ...answer, projects: answer.projects.filter(({ key }) => key === wanted), foreign: [] }
}

/** The table of `lab ls --ended`: what `lab resume` can bring back. */
export function formatEnded(
  ended: readonly Instance[],
  { now, columns }: Pick<TableOptions, 'now' | 'columns'>,
): string {
  const rows = ended.map(({ id, name, label, endedAt, evidence }) => [
    printable(name),
    endedAt === null ? '-' : age(endedAt, now),
    printable(label ?? '-'),
    printable(columns === null ? id : id.slice(0, idCharsShown)),
    printable(evidence?.message ?? '-'),
  ])
  if (columns === null) return rows.length === 0 ? '' : `${alignColumns(rows).join('\n')}\n`
  if (rows.length === 0) return 'No ended instances.\n'
  const table = [['NAME', 'ENDED', 'LABEL', 'ID', 'WHY'], ...rows]
  return `${fitColumns(table, columns).join('\n')}\n`
}

/** The output of `lab ls`; times are told relative to `now`. */
export function formatProjects(answer: Projects, options: TableOptions): string {
  const instances = answer.projects.flatMap((project) => project.instances)
  const rows = formatRows(instances, options)
  if (options.columns === null) return rows.map((row) => `${row}\n`).join('')
  const lines = [headline(instances, answer.cap)]
  if (rows.length > 0) lines.push('', ...rows)
  lines.push(...quietLines(answer.projects, options.columns), ...foreignLines(answer, options.now))
  return `${lines.join('\n')}\n`
}

function quietLines(projects: readonly Project[], columns: number): readonly string[] {
  if (projects.length === 0)
    return ['', 'No projects: lab found no git repository under its --projects-root.']
  const quiet = projects.filter(({ instances }) => instances.length === 0)
  if (quiet.length === 0) return []
  const lines: string[] = []
  const title = 'Without instances:'
  let line = title
  quiet.forEach(({ key }, i) => {
    const word = ` ${printable(key)}${i < quiet.length - 1 ? ',' : ''}`
    if (columnsOf(line + word) > columns && line !== title) {
      lines.push(line)
      line = ` ${word}`
    } else line += word
  })
  return ['', ...lines, line]
}

function foreignLines({ foreign }: Projects, now: number): readonly string[] {
  if (foreign.length === 0) return []
  const rows = foreign.map(({ name, attached, createdAt }) => [
    `  ${printable(name)}`,
    attached > 0 ? 'attached' : '',
    age(createdAt, now),
  ])
  return ['', 'Not made by lab, and left alone:', ...alignColumns(rows)]
}
