// Takes a listing of tmux over: joins it with the registry and the notes, and moves every instance to
// the state that follows.
import { isLive } from '../core/instance.ts'
import { deriveState, type EndReason, type Exit, type Signals } from '../core/state.ts'
import { isTmuxServer } from '../processes.ts'
import type { Listing, ListedSession, ServerIdentity } from '../tmux/tmux.ts'
import type { Agents } from './agents.ts'
import type { Conversations } from './conversation.ts'
import type { InstancesDeps } from './deps.ts'
import type { Entry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import type { Notes } from './notes.ts'
import { signalsOf } from './signals.ts'

export interface SightingsOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly agents: Agents
  readonly notes: Notes
  readonly conversations: Conversations
  /** Finds the instances' sessions in a listing. */
  readonly adopt: (listing: Listing) => ReadonlyMap<string, ListedSession>
  /** Looks into an end and moves the instance there. */
  readonly end: (entry: Entry, end: { reason: EndReason; exit: Exit }) => void
  /** Goes on with a stop that was asked for and is not concluded. */
  readonly goOnStopping: (entry: Entry) => void
}

/** Returns the function that takes a listing over; `number` is the observer's count of listings. */
export function createSightings(
  options: SightingsOptions,
): (listing: Listing, number: number) => void {
  const { deps, ledger, agents, notes, conversations, adopt, end, goOnStopping } = options
  const { store, log, now } = deps
  /** Names the server whose end took several instances along; the next one is remembered only after. */
  function serverBefore(): string {
    const { server } = store.facts
    return `server ${server?.pid} of ${server?.startedAt}`
  }

  function advance(entry: Entry, signals: Signals): void {
    const derived = deriveState(entry.state, entry.waitingFor, signals)
    if (derived.end) {
      if (derived.end.reason === 'tmux_gone') entry.together = serverBefore()
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

  /** Moves one instance to where what is known of it leads. */
  function follow(
    entry: Entry,
    seen: {
      session: ListedSession | undefined
      noted: ReadonlySet<string>
      serverGone: boolean
      elsewhere: boolean
    },
  ): void {
    const { session, noted, serverGone, elsewhere } = seen
    // What an earlier lab promised, and did not live to do.
    if (entry.unconfirmed) entry.stopAskedBy ??= notes.endAskedBy(entry.note)
    // Its server cannot be reached, and runs: that is no end.
    if (!session && elsewhere && entry.stopAskedBy === null && !noted.has(entry.note)) {
      entry.unconfirmed = true
      return
    }
    const reason = entry.unconfirmed && !session ? lostWhileDown(entry, deps, serverGone) : null
    if (entry.unconfirmed && session) {
      entry.unconfirmed = false
      log.info({ instance: entry.id, name: entry.name }, 'adopted')
    }
    const note = noted.has(entry.note) ? notes.read(entry.note) : null
    const signals = signalsOf(entry, { session, note, serverGone, now: now() })
    if (entry.stopAskedBy !== null) goOnStopping(entry)
    else if (reason && !signals.exit) {
      if (reason !== 'session_closed') entry.together = serverBefore()
      end(entry, { reason, exit: { code: null, signal: null } })
    } else advance(entry, signals)
  }

  return (listing, number) => {
    const elsewhere = livesElsewhere(store.facts.server, listing.server)
    const serverGone = hasGone(store.facts.server, listing.server)
    const sessions = adopt(listing)
    const live = ledger.live().filter((entry) => entry.knownSince < number)
    for (const entry of live) {
      const session = sessions.get(entry.id)
      // Ids of a session that is gone may come again with the next server: they are dropped at once.
      if (session) see(entry, session)
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
        follow(entry, { session: sessions.get(entry.id), noted, serverGone, elsewhere })
    if (!elsewhere) rememberServer(listing.server)
    ledger.setForeign(foreignOf(listing))
    ledger.setServerVersion(listing.server?.version ?? null)
    ledger.setReadable(true)
    ledger.publishAll()
  }

  function rememberServer(server: ServerIdentity | null): void {
    const known = store.facts.server
    if (known?.pid === server?.pid && known?.startedAt === server?.startedAt) return
    const incarnation = server && { pid: server.pid, startedAt: server.startedAt }
    store
      .update((facts) => (facts.server = incarnation))
      .catch((error: unknown) => log.error({ err: error }, 'the store could not be written'))
  }
}

/** What a resume depends on, as a text to compare. */
function resumed({ conversation, parkedJobId, registered }: Entry): string {
  return `${conversation} ${parkedJobId} ${registered?.pid} ${registered?.start}`
}

function see(entry: Entry, session: ListedSession): void {
  // In somebody else's session, into which its pane was moved, it keeps its name.
  if (!session.isGuest) entry.name = session.name
  entry.attached = session.attached
  const { pane } = session
  if (!pane) return
  const { isMoved, paneId, pid, dead } = pane
  entry.session = { isMoved, paneId, panePid: dead ? 0 : pid }
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

type Incarnation = Pick<ServerIdentity, 'pid' | 'startedAt'> | null

function hasGone(before: Incarnation, now: Incarnation): boolean {
  if (!now) return true
  return before !== null && (before.pid !== now.pid || before.startedAt !== now.startedAt)
}

/** The server of before runs on, behind a socket that is not this one. */
function livesElsewhere(before: Incarnation, now: Incarnation): boolean {
  return before !== null && before.pid !== now?.pid && isTmuxServer(before.pid)
}

function foreignOf(listing: Listing): Parameters<Ledger['setForeign']>[0] {
  return (
    listing.sessions
      // Without its agent's pane it is only somebody's shell under an old name.
      .filter((session) => !session.isGuest && (!session.lab || !session.pane))
      .map(({ name, attached, createdAt }) => ({
        name,
        attached,
        createdAt: new Date(createdAt * 1000).toISOString(),
      }))
  )
}
