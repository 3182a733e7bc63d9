// Sessions that tmux made after lab had given their launch up: the caller was told that the start failed.
import { isLive } from '../../core/instance.ts'
import type { Reaper } from '../../processes/reaper.ts'
import type { ListedSession, SessionMetadata } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Ledger } from '../state/ledger.ts'

/** A session of lab's whose agent's pane is there. */
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
    log.warn({ err: error, session: name }, 'a session could not be removed yet')
  })
}

/** Returns the function that removes the session of an abandoned launch, with what runs in it. */
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
    const { id, note } = session.lab
    if (!note || underWay.has(note)) return
    underWay.add(note)
    log.warn({ session: session.name, instance: id }, 'an abandoned start came late')
    // The processes of a later launch carry the same mark.
    const isWanted = (): boolean => {
      const known = ledger.find(id)
      return !known || !isLive(known.state)
    }
    try {
      // What an earlier launch left is the operator's to end.
      const excluded = ledger.find(id)?.end?.left ?? []
      if (isWanted()) await reaper.sweep(id, { excluded, isWanted })
      await removePane(session, deps)
    } catch (error) {
      log.warn({ err: error, instance: id }, 'an abandoned start could not be removed yet')
    } finally {
      underWay.delete(note)
    }
  }
}
