// The table of instances that `lab ls` prints and `lab watch` keeps up to date.
import { sessionListUrl } from '../core/deep-link.ts'
import type { Instance } from '../core/instance.ts'
import type { Question } from '../core/question.ts'
import { printable } from '../core/text.ts'
import type { CliContext } from './command.ts'
import { idCharsShown } from './ref.ts'
import { age, alignColumns, fitColumns } from './text.ts'

export interface TableOptions {
  readonly now: number
  readonly colour: boolean
  /** The width of the terminal; null in a pipe, where nothing is cut and every line is an instance. */
  readonly columns: number | null
  /** Show the links to claude.ai in place of what the agents do. */
  readonly links?: boolean
  /** The id of this terminal's active instance. */
  readonly active?: string | null
}

/** The rows of these instances; on a terminal with a header, and notes below their rows. */
export function formatRows(instances: readonly Instance[], options: TableOptions): string[] {
  const { columns, links = false, active = null } = options
  if (instances.length === 0) return []
  const cells = instances.map((instance) => cellsOf(instance, options))
  if (columns === null) return alignColumns(cells)
  const header = ['  STATE', 'FOR', 'NAME', links ? 'LINK' : 'DOING']
  const marked = cells.map(([state, ...rest], i) =>
    [`${instances[i]?.id === active ? '* ' : '  '}${state}`].concat(rest),
  )
  // A link that is cut leads nowhere.
  const table = [header, ...marked]
  const [top = '', ...rows] = links ? alignColumns(table) : fitColumns(table, columns)
  return [top, ...instances.flatMap((instance, i) => [rows[i] ?? '', ...notesOf(instance)])]
}

function cellsOf(instance: Instance, { now, colour, links = false }: TableOptions): string[] {
  const { name, state, since } = instance
  return [
    colour ? paint(state) : wordOf(state),
    age(since, now),
    printable(name),
    printable(links ? linkOf(instance) : doingOf(instance)) || '-',
  ]
}

/** What an instance waits for or does, in one line; why it ended, for one that has. */
export function doingOf(instance: Instance): string {
  const { state, evidence, unknownBecause, waitingFor, question, doing, label } = instance
  if (state === 'error' || state === 'stopped') return evidence?.message ?? 'ended'
  if (state === 'unknown') return unknownBecause ?? ''
  if (state === 'waiting') return question ? questionOf(question) : (waitingFor ?? '')
  if (state === 'limited') return limitText(instance)
  return doing ?? label ?? ''
}

/** How a limited instance continues, such as `continues by itself at 14:00`, in the time of this machine. */
function limitText({ limitedUntil, continuesByItself, waitingFor, question }: Instance): string {
  if (!continuesByItself && question) return questionOf(question)
  const [day, time] = limitedUntil === null ? [] : clock(limitedUntil)
  if (continuesByItself) return `continues by itself${time === undefined ? '' : ` at ${time}`}`
  return `waits for you: ${waitingFor}${time === undefined ? '' : `, which ends ${day} ${time}`}`
}

/** A moment as date and time of this machine, such as `Dec 1` and `14:00`. */
function clock(moment: string): readonly [string, string] {
  const at = new Date(moment)
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const day = at.toLocaleDateString('en-US', { month: 'short', day: 'numeric' })
  return [day, at.toLocaleTimeString('en-US', options)]
}

function questionOf({ title, detail }: Question): string {
  return `${title} ${detail.split('\n', 1)[0] ?? ''}`.trim()
}

/** What the row alone does not say, a line each. */
function notesOf(instance: Instance): readonly string[] {
  const { id, state, isBlank, workspace, unknownBecause } = instance
  const notes: string[] = []
  // An older lab does not tell of a moved folder, nor what an instance left.
  const { moved } = workspace
  if (moved)
    notes.push(moved.to === null ? 'its folder was removed' : `its folder is now ${moved.to}`)
  if (unknownBecause) notes.push(unknownBecause)
  if (isBlank) notes.push('began a blank conversation: the one before is gone')
  if (state === 'error' || state === 'stopped') notes.push(...remediesOf(instance, id))
  return notes.map((note) => `    ${printable(note)}`)
}

/** How to continue an ended instance or be rid of its row: its name may be another's by now. */
function remediesOf(instance: Instance, id: string): readonly string[] {
  const short = id.slice(0, idCharsShown)
  const left = (instance as Partial<Instance>).left ?? []
  const own = left.filter(({ servesOthers }) => !servesOthers)
  return [
    `lab resume ${short} continues it, lab stop ${short} dismisses it`,
    ...left.map(
      ({ pid, command, servesOthers }) =>
        `still running: ${pid} ${command}${servesOthers ? '  (others run in it)' : ''}`,
    ),
    ...(own.length > 0 ? [`lab stop --left ${short} ends what it left`] : []),
  ]
}

function linkOf({ deepLink, linkState, state }: Instance): string {
  if (state === 'error' || state === 'stopped') return ''
  if (linkState === 'lost') return 'link lost'
  if (deepLink) return deepLink
  return linkState === 'connecting' ? 'link not there yet' : `no link: find it in ${sessionListUrl}`
}

const words: Readonly<Record<string, string>> = { error: 'died', stopped: 'ended' }

/** The word for a state, as the page says it. */
export function wordOf(state: string): string {
  return Object.hasOwn(words, state) ? (words[state] ?? state) : printable(state)
}

const colours: Readonly<Record<string, number>> = {
  ready: 32, busy: 36, waiting: 33, error: 31, starting: 2, stopping: 2, unknown: 35, limited: 33,
} // prettier-ignore

function paint(state: string): string {
  const code = Object.hasOwn(colours, state) ? colours[state] : undefined
  return code === undefined ? wordOf(state) : `\u001b[${code}m${wordOf(state)}\u001b[0m`
}

export function wantsColour({ stdout, env }: Pick<CliContext, 'stdout' | 'env'>): boolean {
  return stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

const columnsDefault = 80

/** The width of the terminal to which a command writes; null for a pipe or file. */
export function columnsFor({ stdout }: Pick<CliContext, 'stdout'>): number | null {
  return stdout.isTTY === true ? (stdout.columns ?? columnsDefault) : null
}
