// `lab status`: how many agents run and need the operator, in one line for prompts and status lines.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Instance } from '../../core/instance.ts'
import { countsOf, headline, printable } from '../../core/text.ts'
import { readChoice } from '../active.ts'
import { fetchProjects, type Projects } from '../api.ts'
import { Failure, serverFlags, type Command } from '../command.ts'
import { findServer } from '../server.ts'
import { doingOf, wordOf } from '../table.ts'
import { age, printableJson } from '../text.ts'

const flags = { ...serverFlags, format: { type: 'string' } } as const
const formats = ['json', 'tmux', 'short'] as const

/** Prints the counts and this terminal's active instance. A status line says that lab is down, with exit code 0. */
export const status: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const format = formats.find((known) => known === values.format) ?? null
  if (positionals[0] !== undefined)
    throw new UsageError(`lab status takes no ${JSON.stringify(positionals[0])}.`)
  if (values.format !== undefined && format === null)
    throw new UsageError(
      `--format ${JSON.stringify(values.format)} is not a format: use one of ${formats.join(', ')}.`,
    )
  let answer: Projects
  try {
    answer = await fetchProjects(findServer(values, context))
  } catch (error) {
    if (!(error instanceof Failure) || format === null) throw error
    const down = { isUp: false, reason: error.message }
    context.stdout.write(format === 'json' ? `${printableJson(down)}\n` : 'lab is down\n')
    return 0
  }
  const { active: id } = readChoice(context)
  const instances = answer.projects.flatMap((project) => project.instances)
  const active = instances.find((instance) => instance.id === id) ?? null
  context.stdout.write(`${formatStatus(answer, { active, format, now: Date.now() })}\n`)
  return 0
}

/** The text of `lab status`. */
export function formatStatus(
  { projects, cap }: Projects,
  {
    active,
    format,
    now,
  }: {
    readonly active: Instance | null
    readonly format: (typeof formats)[number] | null
    readonly now: number
  },
): string {
  const instances = projects.flatMap((project) => project.instances)
  const counts = countsOf(instances)
  const line = headline(instances, cap)
  if (format === 'json') {
    const shown = active && {
      id: active.id,
      name: active.name,
      state: active.state,
      since: active.since,
      doing: doingOf(active) || null,
    }
    return printableJson({ isUp: true, ...cap, ...counts, active: shown })
  }
  const name = active && `${printable(active.name)} ${wordOf(active.state)}`
  if (format === 'short') return name === null ? line : `${name} · ${line}`
  if (format === 'tmux') {
    const alarm = counts.waiting + counts.died > 0 ? `#[fg=yellow,bold]${line}#[default]` : line
    // tmux reads `#` as the beginning of a format.
    return name === null ? alarm : `${name.replaceAll('#', '##')} · ${alarm}`
  }
  if (active === null) return line
  const doing = printable(doingOf(active))
  return `${line}\nThis terminal: ${name} for ${age(active.since, now)}${doing && `: ${doing}`}`
}
