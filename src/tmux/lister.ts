// The adapter's listing: lab lists in one call, and again when sessions carry keys that it did not ask for.
import { TmuxUnavailable } from '../errors.ts'
import { stayUnattached } from './commands.ts'
import { deathIn } from './keeper.ts'
import { listCommands, parseListing } from './listing.ts'
import { failureOf, type Run } from './client/reply.ts'
import type { ListedSession, Listing } from './tmux.ts'

/**
 * Returns the adapter's `list`; `rowTag` tells its rows from the text of a title. Where an operator's
 * configuration ends the server with its last terminal, lab turns that off and calls `onKept`.
 */
export function createLister(
  { run, captureRun }: { readonly run: Run; readonly captureRun: Run },
  options: { readonly rowTag: string; readonly timeoutMs: number; readonly onKept: () => void },
): () => Promise<Listing> {
  const { rowTag, timeoutMs, onKept } = options
  const knownKeys: string[] = []

  /** The session with how its dead pane ended, where the formats of this version do not say. */
  async function withDeath(session: ListedSession): Promise<ListedSession> {
    const { pane } = session
    if (!pane?.dead || pane.deadStatus !== null || pane.deadSignal !== null) return session
    const reply = await captureRun([['capture-pane', '-p', '-t', pane.paneId]])
    const death = reply.kind === 'ok' ? deathIn(reply.lines) : null
    if (death === null) return session
    const told = 'signal' in death ? { deadSignal: death.signal } : { deadStatus: death.status }
    return { ...session, pane: { ...pane, ...told } }
  }

  return async function list(): Promise<Listing> {
    // Another listing may add keys while this one waits for its rows.
    const keys = [...knownKeys]
    const commands = listCommands(rowTag, keys)
    const first = await run(commands)
    // A server without any session refuses the second command, and still gives its identity.
    const reply = first.kind === 'gone' ? await run(commands.slice(0, 1)) : first
    if (reply.kind === 'no-server') return { server: null, sessions: [] }
    if (reply.kind !== 'ok') throw failureOf('list-panes', reply, timeoutMs)
    const { listing, unknownKeys, endsUnattached } = parseListing(rowTag, keys, reply.lines)
    if (listing.server === null)
      throw new TmuxUnavailable('tmux answered a listing without saying who it is')
    if (endsUnattached && (await run([stayUnattached])).kind === 'ok') onKept()
    if (unknownKeys.length === 0)
      return { ...listing, sessions: await Promise.all(listing.sessions.map(withDeath)) }
    // Only after a restart: sessions that an earlier lab made tell which keys they carry.
    knownKeys.push(...unknownKeys.filter((key) => !knownKeys.includes(key)))
    return list()
  }
}
