// Whose the sessions of a listing are: known instances are found again, an earlier lab's adopted, and
// what should not be there any more is removed.
import { isLive } from '../../core/instance.ts'
import { argvOf, instanceOf, isRunning } from '../../processes/proc.ts'
import type { Listing, ListedSession, SessionMetadata } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import { type Entry } from '../state/entry.ts'
import { entryFromSession } from '../state/metadata.ts'
import { isOwnPane } from './pane-identity.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Reaper } from '../../processes/reaper.ts'

type Housed = ListedSession & {
  readonly lab: SessionMetadata
  readonly pane: NonNullable<ListedSession['pane']>
}

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
  const { tmux, store, log, now, bootId } = deps
  const givenUpNow = new Set<string>()

  async function removePane({ name, pane, lab }: Housed): Promise<void> {
    await tmux.killPane({ paneId: pane.paneId, id: lab.id }).catch((error: unknown) => {
      log.warn({ err: error, session: name }, 'a session could not be removed yet')
    })
  }

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

  /** tmux was too late, so whoever asked was told that it failed: what it made then is nobody's. */
  async function removeGivenUp(session: Housed): Promise<void> {
    const { id, note } = session.lab
    if (!note || givenUpNow.has(note)) return
    givenUpNow.add(note)
    log.warn({ session: session.name, instance: id }, 'a start that was given up came late')
    // Launched anew meanwhile, its processes carry the same mark.
    const isWanted = (): boolean => {
      const known = ledger.find(id)
      return !known || !isLive(known.state)
    }
    try {
      // What an earlier launch left is the operator's to end.
      const spared = ledger.find(id)?.end?.left ?? []
      if (isWanted()) await reaper.sweep(id, { spared, isWanted })
      await removePane(session)
    } catch (error) {
      log.warn({ err: error, instance: id }, 'a late start could not be removed yet')
    } finally {
      givenUpNow.delete(note)
    }
  }

  /** Whether the session is that of a live instance, as it is after this. */
  function claim(session: Housed): boolean {
    const { lab, pane, name } = session
    if (store.facts.givenUp.includes(lab['note'] ?? '')) {
      // An option can be set by hand: what runs there tells of which launch it is.
      if (pane.dead || isKeeperOf(pane.pid, lab['note'] ?? '')) void removeGivenUp(session)
      return false
    }
    const known = ledger.find(lab.id)
    if (known?.end) {
      if (known.isFinishing) return false
      // Its instance has ended: tmux did not let go of it, or the store could not be written.
      if (pane.dead && !store.failure()) void removePane(session)
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
