// Matches the sessions of a listing with instances: it finds known instances, adopts those of an earlier
// lab, and removes sessions of ended instances and abandoned launches.
import { argvOf, instanceOf, isRunning } from '../../processes/proc.ts'
import type { Listing, ListedSession } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import { type Entry } from '../state/entry.ts'
import { entryFromSession } from '../state/metadata.ts'
import { createAbandoned, removePane, type Housed } from './abandoned.ts'
import { isOwnPane } from './pane-identity.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Reaper } from '../../processes/reaper.ts'

export interface AdoptionOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly reaper: Reaper
}

/** Returns the function that finds the sessions of live instances in a listing, by id. It adopts unknown instances. */
export function createAdoption({
  deps,
  ledger,
  reaper,
}: AdoptionOptions): (listing: Listing) => ReadonlyMap<string, ListedSession> {
  const { store, log, now, bootId } = deps
  const removeAbandoned = createAbandoned({ deps, ledger, reaper })

  /** Makes an ended instance live again whose process lives, such as one that ran behind another socket. */
  function revive(entry: Entry): void {
    log.warn({ instance: entry.id, name: entry.launch.name }, 'an ended instance lives')
    ledger.change(entry, {
      launch: { stopAskedBy: null, together: null },
      seen: { isUnconfirmed: true },
      end: null,
      state: 'ready',
      reason: 'adopted',
      isSet: true,
    })
  }

  /** Adopts, revives or removes what the session needs. Returns whether it is a live instance's session. */
  function claim(session: Housed): boolean {
    const { lab, pane, name } = session
    const launchId = lab['note'] ?? ''
    if (store.facts.givenUp.includes(launchId)) {
      // A person can set an option by hand, so the keeper's arguments decide which launch runs there.
      if (pane.dead || isKeeperOf(pane.pid, launchId)) void removeAbandoned(session)
      return false
    }
    const known = ledger.find(lab.id)
    if (known?.end) {
      if (known.isFinishing) return false
      // The instance has ended, but tmux did not remove its session, or lab could not write the store.
      if (pane.dead && !store.failure()) void removePane(session, deps)
      else if (!pane.dead && isProcessOf(known, pane.pid)) revive(known)
      return !known.end
    }
    // Processes decide whose pane this is, because metadata can be forged.
    if (known) return isOwnPane(known, pane)
    // Claude logs in there: the session belongs to no instance.
    if (lab['login'] !== undefined) return false
    const entry = entryFromSession(session, { now: new Date(now()).toISOString(), bootId })
    if (entry) ledger.add(entry)
    else log.warn({ session: name }, 'a session has @lab_id without the rest of the metadata')
    return entry !== null
  }

  return ({ sessions }) =>
    new Map(
      sessions
        .filter(isHoused)
        .filter(claim)
        .map((session) => [session.lab.id, session]),
    )
}

/** Whether a process is the keeper of an ended instance, or carries its LAB_INSTANCE. */
function isProcessOf({ id, launch: { keeper } }: Entry, pid: number): boolean {
  return (keeper?.pid === pid && isRunning(keeper)) || instanceOf(pid) === id
}

function isKeeperOf(pid: number, launchId: string): boolean {
  const argv = argvOf(pid)
  return argv[3] === 'lab-keeper' && argv[5]?.split('/').at(-1) === launchId
}

function isHoused(session: ListedSession): session is Housed {
  return session.lab !== null && session.pane !== null
}
