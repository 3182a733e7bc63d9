// Removes sessions of abandoned launches: tmux made them after lab had reported the start as failed.
import { isLive } from '../../core/instance.ts'
import type { Reaper } from '../../processes/reaper.ts'
import type { ListedSession, SessionMetadata } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Ledger } from '../state/ledger.ts'

/** A lab session that has its agent's pane. */
export type Housed = ListedSession & {
  readonly lab: SessionMetadata
  readonly pane: NonNullable<ListedSession['pane']>
}

/** Removes an instance's pane; a failure is logged, and the next listing tries again. */
export async function removePane(
  { name, pane, lab }: Housed,
  { tmux, log }: InstancesDeps,
): Promise<void> {
  await tmux.killPane({ paneId: pane.paneId, id: lab.id }).catch((error: unknown) => {
    log.warn({ err: error, session: name }, 'lab could not remove a session, and tries again')
  })
}

/** Returns the function that removes the session of an abandoned launch and ends its processes. */
export function createAbandoned({
  deps,
  ledger,
  reaper,
}: {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly reaper: Reaper
}): (session: Housed) => Promise<void> {
  const { log } = deps
  const underWay = new Set<string>()

  return async (session) => {
    const { id, note: launchId } = session.lab
    if (!launchId || underWay.has(launchId)) return
    underWay.add(launchId)
    log.warn(
      { session: session.name, instance: id },
      'tmux made the session of an abandoned launch',
    )
    // The processes of a later launch carry the same LAB_INSTANCE.
    const isWanted = (): boolean => {
      const known = ledger.find(id)
      return !known || !isLive(known.state)
    }
    try {
      // The operator decides about the processes that an earlier launch left.
      const excluded = ledger.find(id)?.end?.left ?? []
      if (isWanted()) await reaper.sweep(id, { excluded, isWanted })
      await removePane(session, deps)
    } catch (error) {
      log.warn(
        { err: error, instance: id },
        'lab could not remove an abandoned launch, and tries again',
      )
    } finally {
      underWay.delete(launchId)
    }
  }
}
