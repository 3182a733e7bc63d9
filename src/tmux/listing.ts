// One listing of a whole server: the formats that ask for it and the rows that come back. Pure.
import type { Listing, ListedSession, ServerIdentity } from './tmux.ts'
import type { Command } from './client/quote.ts'

// Every row starts with a mark that nobody outside can know, because titles are free text and may
// hold newlines or copies of a row. Before the name stand only ids and numbers, in which no `|` can
// be, and how many bytes the name has: since 3.7 a name may hold any separator. What lab writes onto
// sessions holds no `:` once it is encoded, so it follows, joined by `:`. The mark again, and behind
// it the title, which may hold anything.

const numbers = [
  'session_id',
  'session_attached',
  'session_created',
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pane_dead_status',
  'pane_dead_signal',
  // Since 3.8 a dead pane has no pid; only then is the command worth its time.
  '?#{pane_pid},,#{n:pane_start_command}',
  'n:session_name',
]
const options = ['@lab_self', '@lab_agent', '@lab_keeper', '@lab_command', '@lab_keys', '@lab_id']

const metadataKeyPattern = /^[a-z][A-Za-z0-9_]*$/
// What lab itself keeps under the same prefix.
const ownKeys = new Set(['self', 'agent', 'keeper', 'command', 'keys', 'owner'])

/** Whether `@lab_KEY` may hold metadata. */
export function isMetadataKey(key: string): boolean {
  return metadataKeyPattern.test(key) && !ownKeys.has(key)
}

/** Percent-codes a value so that neither tmux nor a row can misread it; slashes stay readable. */
export function encodeValue(value: string): string {
  // Through a Buffer, because a lone surrogate would make encodeURIComponent throw.
  return encodeURIComponent(Buffer.from(value).toString()).replaceAll('%2F', '/')
}

/** Reads a coded value; one that somebody else wrote and that is not coded comes back as it is. */
export function decodeValue(coded: string): string {
  try {
    return decodeURIComponent(coded)
  } catch {
    return coded
  }
}

/** Asks for the server's identity and one row per pane, with the metadata under `keys`. */
export function listCommands(rowTag: string, keys: readonly string[]): readonly Command[] {
  const written = [...options, ...keys.map((key) => `@lab_${key}`)]
  const format = [
    rowTag,
    ...numbers.map((name) => `#{${name}}`),
    ['#{session_name}', ...written.map((name) => `#{${name}}`), `${rowTag}#{pane_title}`].join(':'),
  ].join('|')
  return [
    // display-message needs a session to exist; this one tells of a server without any.
    [
      'list-commands',
      '-F',
      `${rowTag}|#{pid}|#{start_time}|#{version}|#{exit-unattached}`,
      'list-panes',
    ],
    ['list-panes', '-a', '-F', format],
  ]
}

export interface ParsedListing {
  readonly listing: Listing
  /** Metadata keys that some session carries and `keys` lacked: list again with them. */
  readonly unknownKeys: readonly string[]
  /** The server is told to end, and every agent with it, when its last terminal goes. */
  readonly endsUnattached: boolean
}

/** Reads what `listCommands` brought; a line without the mark is the rest of somebody's title. */
export function parseListing(
  rowTag: string,
  keys: readonly string[],
  lines: readonly string[],
): ParsedListing {
  const [head, ...rows] = lines.filter((line) => line.startsWith(`${rowTag}|`))
  const [, pid, startedAt, version = '', exitUnattached] = (head ?? '').split('|')
  const server: ServerIdentity | null =
    pid && startedAt ? { pid: Number(pid), startedAt: Number(startedAt), version } : null

  const sessions = new Map<string, Row>()
  const agentPanes = new Map<string, Row>()
  for (const line of rows) {
    const row = parseRow(line, { rowTag, keys })
    if (row.name === '_lab' || row.isSelf) continue
    if (!sessions.has(row.sessionId)) sessions.set(row.sessionId, row)
    if (row.agent === '') continue
    // A window may hang in two sessions: the row of its own session counts.
    const isHome = row.lab !== null && encodeValue(row.lab.id) === row.agent
    if (isHome || !agentPanes.has(row.agent)) agentPanes.set(row.agent, row)
  }
  const unknownKeys = new Set<string>()
  for (const row of sessions.values())
    for (const key of row.lab ? row.keys : []) if (!keys.includes(key)) unknownKeys.add(key)

  const duplicates = duplicatesOf(sessions.values(), agentPanes)
  const listed = [...sessions.values()].map((row): ListedSession => {
    const { sessionId, name, createdAt } = row
    const lab = duplicates.has(row) ? null : row.lab
    const agent = lab ? agentPanes.get(encodeValue(lab.id)) : undefined
    const pane = agent ? { ...agent.pane, isMoved: agent.sessionId !== sessionId } : null
    const { attached } = agent ?? row
    return { sessionId, name, attached, createdAt, pane, lab, isForeignHost: false }
  })
  const housed = new Set(listed.map(({ lab }) => lab && encodeValue(lab.id)))
  // A pane that somebody moved away lives on there, though its own session has ended.
  for (const [agent, { sessionId, name, attached, createdAt, pane }] of agentPanes) {
    if (housed.has(agent)) continue
    const lab = { id: decodeValue(agent) }
    const moved = { ...pane, isMoved: true }
    listed.push({ sessionId, name, attached, createdAt, pane: moved, lab, isForeignHost: true })
  }
  const listing = { server, sessions: listed }
  return { listing, unknownKeys: [...unknownKeys], endsUnattached: exitUnattached === '1' }
}

/**
 * The sessions that carry an `@lab_id` which is another's. An option can be copied by hand; then the
 * session in which the agent's pane lies is meant, or the oldest where a person moved that pane.
 */
function duplicatesOf(all: Iterable<Row>, agentPanes: ReadonlyMap<string, Row>): ReadonlySet<Row> {
  const claims = new Map<string, Row[]>()
  for (const row of all)
    if (row.lab) claims.set(row.lab.id, [...(claims.get(row.lab.id) ?? []), row])
  const duplicates = new Set<Row>()
  for (const [id, rows] of claims) {
    if (rows.length < 2) continue
    const home = agentPanes.get(encodeValue(id))?.sessionId
    const byAge = rows.toSorted((a, b) => numberOf(a) - numberOf(b))
    const meant = rows.find(({ sessionId }) => sessionId === home) ?? byAge[0]
    for (const row of rows) if (row !== meant) duplicates.add(row)
  }
  return duplicates
}

/** tmux counts sessions up, so a lower id is an older session. */
function numberOf({ sessionId }: Row): number {
  return Number(sessionId.slice(1))
}

interface Row extends ListedSession {
  readonly pane: NonNullable<ListedSession['pane']>
  readonly isSelf: boolean
  readonly agent: string
  readonly keys: readonly string[]
}

function parseRow(
  line: string,
  { rowTag, keys }: { readonly rowTag: string; readonly keys: readonly string[] },
): Row {
  const [, sessionId = '', attached, createdAt, paneId = '', pid, dead, ...fields] = line.split('|')
  const [status, signal, command, bytes] = fields
  const { name, written, title } = parseTexts(line, { rowTag, bytes: Number(bytes) })
  const [self, agent = '', keeper, noted, carried = '', id = '', ...values] = written
  const lab: Record<string, string> & { id: string } = { id: decodeValue(id) }
  // A person wrote a separator or a newline into one of them: which value is whose cannot be told.
  const carriedKeys = values.length === keys.length ? carried.split(',').filter(isMetadataKey) : []
  keys.forEach((key, i) => {
    if (carriedKeys.includes(key)) lab[key] = decodeValue(values[i] ?? '')
  })
  return {
    sessionId,
    name,
    attached: Number(attached),
    createdAt: Number(createdAt),
    pane: {
      paneId,
      isMoved: false,
      // Since 3.8 a pane loses its pid when its process ends, and is dead only some moments later.
      pid: Number(pid || keeper),
      dead: dead === '1',
      deadStatus: status ? Number(status) : null,
      deadSignal: signal ? Number(signal) : null,
      title,
    },
    lab: id === '' ? null : lab,
    isForeignHost: false,
    isSelf: self === '1',
    agent: isKeepers({ keeper, pid, noted, command }) ? agent : '',
    keys: carriedKeys.filter((key) => key !== 'id'),
  }
}

/**
 * Whether the pane runs, or ran last, what lab started in it: what was started there by hand is a
 * person's, though the marks outlive `respawn-pane`. A dead pane without a pid is told by its command.
 */
function isKeepers(
  row: Readonly<Record<'keeper' | 'pid' | 'noted' | 'command', string | undefined>>,
): boolean {
  const { keeper = '', pid, noted = '', command } = row
  if (keeper === '' || keeper === pid) return true
  return pid === '' && (noted === '' || noted === command)
}

/** What follows the numbers of a row: the name, cut by its length, what is written on the session, the title. */
function parseTexts(
  line: string,
  { rowTag, bytes }: { readonly rowTag: string; readonly bytes: number },
): { readonly name: string; readonly written: readonly string[]; readonly title: string } {
  const start = line.split('|', numbers.length + 1).join('|').length + 1
  const texts = Buffer.from(line.slice(start))
  const name = texts.subarray(0, bytes).toString()
  const rest = texts.subarray(bytes + 1).toString()
  const end = rest.indexOf(`:${rowTag}`)
  const written = (end < 0 ? rest : rest.slice(0, end)).split(':')
  return { name, written, title: end < 0 ? '' : rest.slice(end + rowTag.length + 1) }
}
