// Moves one instance by the latest listing, registry entry and keeper's note: to another state, to its
// end, on with a stop, or into doubt.
import type { EndReason, Exit, Observation } from '../../core/state.ts'
import { deriveState } from '../../core/state.ts'
import type { ServerId } from '../../core/instance.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Doubt, Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import { doubtOf, hasLivingKeeper, isServerGone, livingKeeperDoubt } from './absence.ts'
import type { Conversations } from './conversation.ts'
import { observationOf, silenceOf } from './observation.ts'
import { isNoteOfKeeper } from './pane-identity.ts'

export interface AdvanceOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly notes: LaunchNotes
  readonly conversations: Conversations
  /** Concludes an end. */
  readonly end: (entry: Entry, end: { reason: EndReason; exit: Exit }) => void
  /** Continues a stop that was requested and is not concluded. */
  readonly continueStop: (entry: Entry) => void
  /** Requests another listing after so many milliseconds. */
  readonly lookSoon: (ms: number) => void
}

export interface Advance {
  /** Reads the notes once for a listing of that server, and returns the function that moves one instance. */
  begin(listed: ServerId | null): (entry: Entry, session: ListedSession | undefined) => void
}

// On a busy machine a keeper ends this long after its pane or its tmux server.
const settleMs = 1000
const settlePollMs = 25
const noExit: Exit = { code: null, signal: null }

export function createAdvance(options: AdvanceOptions): Advance {
  const { deps, ledger, notes, conversations, end, continueStop } = options
  const { log } = deps
  const settles = createSettling(options)

  function toEnd(entry: Entry, reason: EndReason, exit: Exit): void {
    const together = eventOf(entry, reason, deps)
    if (together !== null) ledger.change(entry, { launch: { together } })
    end(entry, { reason, exit })
  }

  function move(entry: Entry, observation: Observation): void {
    const {
      state,
      waitingFor,
      end: derived,
    } = deriveState(entry.state, entry.waitingFor, observation)
    if (derived) {
      toEnd(entry, derived.reason, derived.exit)
      return
    }
    if (entry.state === 'busy' && state !== 'busy') void conversations.updateSaid(entry)
    const isVerified = state !== 'starting' && state !== 'stopping'
    ledger.change(entry, { state, waitingFor, ...(isVerified && { launch: { isVerified } }) })
  }

  function follow(
    entry: Entry,
    { session, noted, listed }: Look & { readonly session: ListedSession | undefined },
  ): void {
    const { isUnconfirmed } = entry.seen
    // An earlier lab may have accepted a stop and been killed before it could stop the instance.
    const requestedBy = isUnconfirmed ? notes.endAskedBy(entry.launch.id) : null
    if (requestedBy !== null && entry.launch.stopAskedBy === null)
      ledger.change(entry, { launch: { stopAskedBy: requestedBy } })
    const isStopping = entry.launch.stopAskedBy !== null
    const exit = exitNoted(entry, noted, options)
    if (!isStopping && !exit && settles(entry, doubtAbout(entry, session, listed, deps))) return
    const serverGone = isServerGone(entry, listed)
    if (isUnconfirmed && session) {
      ledger.change(entry, { seen: { isUnconfirmed: false } })
      log.info({ instance: entry.id, name: entry.launch.name }, 'adopted')
    }
    const observation = observationOf(entry, { session, note: exit, serverGone })
    setSilence(entry, silenceOf(entry, observation), options)
    if (isStopping) continueStop(entry)
    else if (isUnconfirmed && !session && !observation.exit)
      toEnd(entry, lostWhileDown(entry, deps, serverGone), noExit)
    else move(entry, observation)
  }

  return {
    begin(listed) {
      const noted = notes.names()
      return (entry, session) => follow(entry, { session, noted, listed })
    },
  }
}

/** The launch's exit by its keeper's note; null for a note that the keeper cannot have written. */
function exitNoted(
  entry: Entry,
  noted: ReadonlySet<string>,
  { notes, deps, ledger }: AdvanceOptions,
): Exit | null {
  const { id: launchId } = entry.launch
  const note = noted.has(launchId) ? notes.identityOf(launchId) : null
  if (note === null) return null
  // Between the agent's end and its own note the keeper runs nothing. The file that lab has rejected before
  // is still not the keeper's, which replaces the file.
  if (note === entry.seen.foreignNote && hasLivingKeeper(entry)) return null
  if (isNoteOfKeeper(entry)) return notes.read(launchId)
  deps.log.debug({ instance: entry.id }, 'an instance has a note while its keeper runs something')
  ledger.change(entry, { seen: { foreignNote: note } })
  return null
}

/** Keeps why lab does not know what a living agent does, and logs the beginning of such a time. */
function setSilence(entry: Entry, silence: string | null, { ledger, deps }: AdvanceOptions): void {
  const { launch, seen } = entry
  if (silence !== null && seen.silence === null)
    deps.log.warn({ instance: entry.id, name: launch.name, pid: launch.registered?.pid }, 'its registry file is gone') // prettier-ignore
  ledger.change(entry, { seen: { silence } })
}

interface Look {
  readonly noted: ReadonlySet<string>
  readonly listed: ServerId | null
}

/** Returns whether to leave an instance as it is because it may live. A lasting doubt makes it `unknown`. */
function createSettling({
  deps: { log },
  ledger,
  lookSoon,
}: AdvanceOptions): (entry: Entry, found: Doubt | null) => boolean {
  return (entry, found) => {
    if (!found) {
      ledger.change(entry, { seen: { doubtedSince: null, doubt: null } })
      return false
    }
    const { isUnconfirmed, doubt } = entry.seen
    const doubtedSince = entry.seen.doubtedSince ?? performance.now()
    // The signs of one end arrive one after the other.
    const isSettled = isUnconfirmed || performance.now() - doubtedSince >= settleMs
    if (!isSettled) lookSoon(settlePollMs)
    else if (!doubt)
      log.warn({ instance: entry.id, name: entry.launch.name, because: found.because }, 'unknown')
    ledger.change(entry, { seen: { doubtedSince, ...(isSettled && { doubt: found }) } })
    return true
  }
}

function doubtAbout(
  entry: Entry,
  session: ListedSession | undefined,
  listed: ServerId | null,
  { tmux }: InstancesDeps,
): Doubt | null {
  if (!session) return doubtOf(entry, listed, tmux.argv)
  return session.pane?.dead && hasLivingKeeper(entry) ? livingKeeperDoubt(entry) : null
}

/** The reason for the end of an instance of an earlier lab that lab cannot find. */
function lostWhileDown(
  { launch }: Entry,
  { bootId }: InstancesDeps,
  serverGone: boolean,
): EndReason {
  if (launch.bootId !== bootId) return 'rebooted'
  if (serverGone) return 'tmux_gone'
  // lab ended after it had stored the launch and before its session existed, or before the agent reported.
  return launch.isVerified ? 'session_closed' : 'start_failed'
}

/** Names the event that ended an instance along with others; null when it ended alone. */
function eventOf({ launch }: Entry, reason: EndReason, { store }: InstancesDeps): string | null {
  if (reason === 'rebooted') return `boot ${launch.bootId}`
  if (reason !== 'tmux_gone') return null
  const { server } = store.facts
  return `server ${launch.server?.pid ?? server?.pid} of ${launch.server?.start ?? server?.startedAt}`
}
