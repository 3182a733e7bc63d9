// `lab ls`: everything at one glance, a table on paper and on a terminal.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Instance } from '../../core/instance.ts'
import { fetchEnded, fetchProjects, type Projects } from '../api.ts'
import { serverFlags, type CliContext, type Command } from '../command.ts'
import { findServer } from '../server.ts'
import { sessionListUrl } from '../../core/deep-link.ts'
import { printable } from '../../core/text.ts'
import { age, alignColumns, printableJson } from '../text.ts'

const flags = { ...serverFlags, json: { type: 'boolean' }, ended: { type: 'boolean' } } as const

/** Lists projects, instances, the cap and foreign sessions. */
export const ls: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  if (positionals[0] !== undefined)
    throw new UsageError(`lab ls takes no ${JSON.stringify(positionals[0])}; it lists everything.`)
  const server = findServer(values, context)
  if (values.ended) {
    const ended = await fetchEnded(server)
    context.stdout.write(values.json ? `${printableJson(ended)}\n` : formatEnded(ended, Date.now()))
    return 0
  }
  const answer = await fetchProjects(server)
  context.stdout.write(
    values.json
      ? `${printableJson(answer)}\n`
      : formatProjects(answer, { now: Date.now(), colour: wantsColour(context) }),
  )
  return 0
}

/** The table of `lab ls --ended`: what `lab resume` can bring back. */
export function formatEnded(ended: readonly Instance[], now: number): string {
  if (ended.length === 0) return 'No ended instances.\n'
  const rows = ended.map(({ id, name, label, endedAt, evidence }) => [
    printable(name),
    endedAt === null ? '-' : age(endedAt, now),
    printable(label ?? '-'),
    printable(id),
    printable(evidence?.message ?? ''),
  ])
  return `${alignColumns([['NAME', 'ENDED', 'LABEL', 'ID', 'WHY'], ...rows]).join('\n')}\n`
}

/** The table of `lab ls`; times are told relative to `now`. */
export function formatProjects(
  { projects, foreign, cap }: Projects,
  { now, colour }: { now: number; colour: boolean },
): string {
  const lines = [`${cap.used} of ${cap.max} instances`]
  const used = projects.filter(({ instances }) => instances.length > 0)
  const header = ['  NAME', 'STATE', 'WAITING FOR', 'AGE', 'LABEL', 'LINK']
  const table = alignColumns([
    header,
    ...used.flatMap(({ instances }) => instances.map((one) => rowOf(one, { now, colour }))),
  ])
  if (used.length > 0) lines.push('', table[0] ?? '')
  let at = 1
  for (const { key, path, instances } of used) {
    lines.push(`${printable(key)}  ${printable(path)}`)
    for (const instance of instances)
      lines.push(table[at++] ?? '', ...movedOf(instance), ...doubtOf(instance), ...endOf(instance))
  }
  const idle = projects.filter(({ instances }) => instances.length === 0)
  if (idle.length > 0)
    lines.push('', `Without instances: ${idle.map(({ key }) => printable(key)).join(', ')}`)
  if (projects.length === 0)
    lines.push('', 'No projects: lab found no git repository under its --projects-root.')
  if (foreign.length > 0) {
    lines.push('', 'Not made by lab, and left alone:')
    const rows = foreign.map(({ name, attached, createdAt }) => [
      `  ${printable(name)}`,
      attached > 0 ? 'attached' : '',
      age(createdAt, now),
    ])
    lines.push(...alignColumns(rows))
  }
  return `${lines.join('\n')}\n`
}

function rowOf(instance: Instance, { now, colour }: { now: number; colour: boolean }): string[] {
  const { name, state, waitingFor, createdAt, label } = instance
  return [
    `  ${printable(name)}`,
    colour ? paint(state) : printable(state),
    printable(waitingFor ?? '-'),
    age(createdAt, now),
    printable(label ?? '-'),
    linkOf(instance),
  ]
}

/** A live instance says when its folder is not any more where its project has it. */
function movedOf({ workspace: { moved } }: Instance): string[] {
  // An older lab does not tell.
  if (!moved) return []
  return [
    moved.to === null
      ? '    its folder was removed'
      : `    its folder is now ${printable(moved.to)}`,
  ]
}

/** A live one says why its state is unknown. */
function doubtOf({ unknownBecause }: Instance): string[] {
  return unknownBecause ? [`    ${printable(unknownBecause)}`] : []
}

/** An ended instance says why, and how to be rid of the row: its name may be another's by now. */
function endOf(instance: Instance): string[] {
  const { state, evidence, id, isBlank } = instance
  if (isBlank) return ['    began a blank conversation: the one before is gone']
  // An older lab does not tell what it left.
  const left = (instance as Partial<Instance>).left ?? []
  if (state !== 'error' && state !== 'stopped') return []
  const own = left.filter(({ servesOthers }) => !servesOthers)
  return [
    `    ${printable(evidence?.message ?? 'ended')}  (lab stop ${printable(id)} dismisses it)`,
    ...left.map(({ pid, command, servesOthers }) =>
      printable(
        `    still running: ${pid} ${command}${servesOthers ? '  (others run in it)' : ''}`,
      ),
    ),
    ...(own.length > 0 ? [`    lab stop --left ${printable(id)} ends what it left`] : []),
  ]
}

function linkOf({ deepLink, linkState, state }: Instance): string {
  if (state === 'error' || state === 'stopped') return '-'
  if (linkState === 'lost') return 'link lost'
  if (deepLink) return printable(deepLink)
  return linkState === 'connecting' ? 'connecting' : `no link; look in ${sessionListUrl}`
}

const colours: Readonly<Record<string, number>> = {
  ready: 32, busy: 36, waiting: 33, error: 31, starting: 2, stopping: 2, unknown: 35,
} // prettier-ignore

function paint(state: string): string {
  const code = Object.hasOwn(colours, state) ? colours[state] : undefined
  return code === undefined ? printable(state) : `\u001b[${code}m${state}\u001b[0m`
}

function wantsColour({ stdout, env }: CliContext): boolean {
  return stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
