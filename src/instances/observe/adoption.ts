// Whose the sessions of a listing are: known instances are found again, an earlier lab's adopted, and
// what should not be there any more is removed.
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

/** Returns the function that finds the sessions of live instances in a listing, by id; what it adopts is live from then on. */
export function createAdoption({
  deps,
  ledger,
  reaper,
}: AdoptionOptions): (listing: Listing) => ReadonlyMap<string, ListedSession> {
  const { store, log, now, bootId } = deps
  const removeAbandoned = createAbandoned({ deps, ledger, reaper })

  /** The world wins: what was given up for lost (behind another socket, say) and lives is live again. */
  function revive(entry: Entry): void {
    log.warn({ instance: entry.id, name: entry.launch.name }, 'an instance that had ended lives')
    ledger.change(entry, {
      launch: { stopAskedBy: null, together: null },
      seen: { isUnconfirmed: true },
      end: null,
      state: 'ready',
      reason: 'adopted',
      isSet: true,
    })
  }

  /** Whether the session is that of a live instance, as it is after this. */
  function claim(session: Housed): boolean {
    const { lab, pane, name } = session
    if (store.facts.givenUp.includes(lab['note'] ?? '')) {
      // An option can be set by hand: what runs there tells of which launch it is.
      if (pane.dead || isKeeperOf(pane.pid, lab['note'] ?? '')) void removeAbandoned(session)
      return false
    }
    const known = ledger.find(lab.id)
    if (known?.end) {
      if (known.isFinishing) return false
      // Its instance has ended: tmux did not let go of it, or the store could not be written.
      if (pane.dead && !store.failure()) void removePane(session, deps)
      else if (!pane.dead && isProcessOf(known, pane.pid)) revive(known)
      return !known.end
    }
    // Of one that was only reserved nothing is known yet that a forged mark could contradict.
    if (known) return isOwnPane(known, pane)
    const entry = entryFromSession(session, { now: new Date(now()).toISOString(), bootId })
    if (entry) ledger.add(entry)
    else
      log.warn({ session: name }, 'a session carries @lab_id but not the rest of what lab writes')
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

/** Whether a process is the keeper of an instance that has ended, or carries its mark. */
function isProcessOf({ id, launch: { keeper } }: Entry, pid: number): boolean {
  return (keeper?.pid === pid && isRunning(keeper)) || instanceOf(pid) === id
}

function isKeeperOf(pid: number, note: string): boolean {
  const argv = argvOf(pid)
  return argv[3] === 'lab-keeper' && argv[5]?.split('/').at(-1) === note
}

function isHoused(session: ListedSession): session is Housed {
  return session.lab !== null && session.pane !== null
}
