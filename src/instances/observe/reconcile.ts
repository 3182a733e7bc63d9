// Takes a listing of tmux over: joins it with the registry and the notes, and moves every instance to
// the state that follows.
import { isLive } from '../../core/instance.ts'
import { deriveState, type EndReason, type Exit, type Observation } from '../../core/state.ts'
import { readProcess } from '../../processes/proc.ts'
import type { Listing, ListedSession, ServerIdentity } from '../../tmux/tmux.ts'
import { doubtOf, hasLivingKeeper, isServerGone, livingKeeperDoubt, serverIdOf } from './absence.ts'
import type { Agents } from './agents.ts'
import type { Conversations } from './conversation.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Doubt, ServerId } from '../state/doubt.ts'
import type { Entry } from '../state/entry.ts'
import { isNoteOfKeeper } from './pane-identity.ts'
import type { Ledger } from '../state/ledger.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import { observationOf, silenceOf } from './observation.ts'

export interface ReconcileOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly agents: Agents
  readonly notes: LaunchNotes
  readonly conversations: Conversations
  /** Finds the instances' sessions in a listing. */
  readonly adopt: (listing: Listing) => ReadonlyMap<string, ListedSession>
  /** Looks into an end and moves the instance there. */
  readonly end: (entry: Entry, end: { reason: EndReason; exit: Exit }) => void
  /** Goes on with a stop that was asked for and is not concluded. */
  readonly goOnStopping: (entry: Entry) => void
  /** Asks for another listing after so many milliseconds. */
  readonly lookSoon: (ms: number) => void
}

// From the death of a pane or a server to that of the keepers in it, on a machine with no time for them.
const settleMs = 1000
const settlePollMs = 25

/** Returns the function that takes a listing over; `number` is the observer's count of listings. */
export function createReconcile(
  options: ReconcileOptions,
): (listing: Listing, number: number) => void {
  const { deps, ledger, agents, notes, conversations, adopt, end, goOnStopping, lookSoon } = options
  const { store, log, tmux } = deps

  function advance(entry: Entry, signals: Observation): void {
    const derived = deriveState(entry.state, entry.waitingFor, signals)
    if (derived.end) {
      if (derived.end.reason === 'tmux_gone') entry.together = eventOf(entry, 'tmux_gone', deps)
      end(entry, derived.end)
      return
    }
    if (entry.state === 'busy' && derived.state !== 'busy') void conversations.noteSaid(entry)
    const moved = derived.state !== entry.state || derived.waitingFor !== entry.waitingFor
    if (moved) ledger.move(entry, derived.state, { by: 'nobody', waitingFor: derived.waitingFor })
    if (!entry.verified && derived.state !== 'starting' && derived.state !== 'stopping') {
      entry.verified = true
      void ledger.save(entry)
    }
  }

  /** Whether it is left as it is for now, because it may live: unknown once that does not settle by itself. */
  function doubt(entry: Entry, found: Doubt | null): boolean {
    if (!found) {
      entry.doubtedSince = null
      entry.doubt = null
      return false
    }
    entry.doubtedSince ??= performance.now()
    // Signs of one death come one after the other.
    if (!entry.unconfirmed && performance.now() - entry.doubtedSince < settleMs) {
      lookSoon(settlePollMs)
      return true
    }
    if (!entry.doubt)
      log.warn({ instance: entry.id, name: entry.name, because: found.because }, 'unknown')
    entry.doubt = found
    return true
  }

  /** How the launch ended, as its keeper noted; a note that nobody's keeper can have written says nothing. */
  function exitNoted(entry: Entry, noted: ReadonlySet<string>): Exit | null {
    const note = noted.has(entry.note) ? notes.read(entry.note) : null
    if (!note || isNoteOfKeeper(entry)) return note
    if (entry.doubtedSince === null)
      log.debug({ instance: entry.id }, 'a note lies there while its keeper runs something')
    return null
  }

  /** Says once that nothing tells any more what a living agent does. */
  function hearNothing(entry: Entry, because: string | null): void {
    const { id, name, registered } = entry
    if (because !== null && entry.silence === null)
      log.warn({ instance: id, name, pid: registered?.pid }, 'its registry file is gone')
    entry.silence = because
  }

  /** Moves one instance to where what is known of it leads. */
  function follow(
    entry: Entry,
    seen: {
      session: ListedSession | undefined
      noted: ReadonlySet<string>
      listed: ServerId | null
    },
  ): void {
    const { session, noted, listed } = seen
    // What an earlier lab promised, and did not live to do.
    if (entry.unconfirmed) entry.stopAskedBy ??= notes.endAskedBy(entry.note)
    const exit = exitNoted(entry, noted)
    if (entry.stopAskedBy === null && !exit && doubt(entry, doubtAbout(entry, session, listed)))
      return
    const serverGone = isServerGone(entry, listed)
    const reason = entry.unconfirmed && !session ? lostWhileDown(entry, deps, serverGone) : null
    if (entry.unconfirmed && session) {
      entry.unconfirmed = false
      log.info({ instance: entry.id, name: entry.name }, 'adopted')
    }
    const signals = observationOf(entry, { session, note: exit, serverGone })
    hearNothing(entry, silenceOf(entry, signals))
    if (entry.stopAskedBy !== null) goOnStopping(entry)
    else if (reason && !signals.exit) {
      if (reason !== 'session_closed') entry.together = eventOf(entry, reason, deps)
      end(entry, { reason, exit: { code: null, signal: null } })
    } else advance(entry, signals)
  }

  function doubtAbout(
    entry: Entry,
    session: ListedSession | undefined,
    listed: ServerId | null,
  ): Doubt | null {
    if (!session) return doubtOf(entry, listed, tmux.argv)
    return session.pane?.dead && hasLivingKeeper(entry) ? livingKeeperDoubt(entry) : null
  }

  /** Takes over what a listing says of an instance, and writes down which processes it is. */
  function see(entry: Entry, session: ListedSession, listed: ServerId | null): void {
    // In somebody else's session, into which its pane was moved, it keeps its name.
    if (!session.isForeignHost) entry.name = session.name
    entry.attached = session.attached
    const { pane } = session
    if (!pane) return
    const { isMoved, paneId, pid, dead } = pane
    entry.session = { isMoved, paneId, panePid: dead ? 0 : pid }
    const keeper = entry.keeper?.pid === pid || dead ? null : readProcess(pid)
    const { server } = entry
    if (!keeper && server?.pid === listed?.pid && server?.start === listed?.start) return
    if (keeper) entry.keeper = { pid: keeper.pid, start: keeper.start }
    entry.server = listed
    void ledger.save(entry)
  }

  return (listing, number) => {
    const listed = serverIdOf(listing.server)
    const sessions = adopt(listing)
    const live = ledger.live().filter((entry) => entry.knownSince < number)
    for (const entry of live) {
      const session = sessions.get(entry.id)
      // Ids of a session that is gone may come again with the next server: they are dropped at once.
      if (session) see(entry, session, listed)
      else entry.session = null
    }
    const before = live.map(resumed)
    agents.join(live)
    // After a reboot there is nobody to ask: what a resume continues is on the disk once it is known.
    live.forEach((entry, i) => {
      if (resumed(entry) !== before[i]) void ledger.save(entry)
    })
    const noted = notes.names()
    for (const entry of live)
      if (!entry.ending && isLive(entry.state))
        follow(entry, { session: sessions.get(entry.id), noted, listed })
    rememberServer(listing.server)
    ledger.setForeign(foreignOf(listing))
    ledger.setServerVersion(listing.server?.version ?? null)
    ledger.setReadable(null)
    ledger.publishAll()
  }

  function rememberServer(server: ServerIdentity | null): void {
    const known = store.facts.server
    if (known?.pid === server?.pid && known?.startedAt === server?.startedAt) return
    const incarnation = server && { pid: server.pid, startedAt: server.startedAt }
    store.update((facts) => (facts.server = incarnation)).catch(() => undefined)
  }
}

/** What a resume depends on, as a text to compare. */
function resumed({ conversation, parkedJobId, registered }: Entry): string {
  return `${conversation} ${parkedJobId} ${registered?.pid} ${registered?.start}`
}

/** Why an instance of an earlier lab is nowhere to be found; null when that is not for this to say. */
function lostWhileDown(
  entry: Entry,
  { store, bootId }: InstancesDeps,
  serverGone: boolean,
): EndReason {
  const record = store.facts.instances.find(({ id }) => id === entry.id)
  if (record && record.bootId !== bootId) return 'rebooted'
  if (serverGone) return 'tmux_gone'
  // lab ended between writing it down and making its session, or before it could report itself.
  return entry.verified ? 'session_closed' : 'start_failed'
}

/** Names the event that took an instance along with others. */
function eventOf(entry: Entry, reason: EndReason, { store }: InstancesDeps): string {
  const record = store.facts.instances.find(({ id }) => id === entry.id)
  if (reason === 'rebooted') return `boot ${record?.bootId}`
  const { server } = store.facts
  return `server ${entry.server?.pid ?? server?.pid} of ${entry.server?.start ?? server?.startedAt}`
}

function foreignOf(listing: Listing): Parameters<Ledger['setForeign']>[0] {
  return (
    listing.sessions
      // Without its agent's pane it is only somebody's shell under an old name.
      .filter((session) => !session.isForeignHost && (!session.lab || !session.pane))
      .map(({ name, attached, createdAt }) => ({
        name,
        attached,
        createdAt: new Date(createdAt * 1000).toISOString(),
      }))
  )
}
