// What ended together and may be wanted back together: after a stop-all, a lost tmux server, a reboot.
import type { Actor, ResumeOffer, Instance } from '../../core/instance.ts'
import type { InstancesDeps } from './deps.ts'
import type { Entry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import { compareEnds } from './project-list.ts'

/** The latest group of instances that ended together and are still ended; none while one of it still ends. */
export function resumeOfferOf(ledger: Ledger): ResumeOffer | null {
  const all = [...ledger.entries()]
  const ended = all.filter((entry) => entry.ended && entry.together !== null)
  const together = latestOf(ended)?.together
  const group = ended.filter((entry) => entry.together === together)
  // An offer that grew while it is read would move what stands below it with each name.
  if (all.some((entry) => entry.state === 'stopping' && entry.together === together)) return null
  const reason = group[0]?.ended?.evidence.reason
  if (reason !== 'stopped' && reason !== 'tmux_gone' && reason !== 'rebooted') return null
  return { reason, instances: group.map((entry) => ledger.present(entry)) }
}

/** Takes the offer of these back, and every older one; what was resumed meanwhile is left alone. */
export function dismissOffer(
  { deps: { journal, now }, ledger }: { deps: InstancesDeps; ledger: Ledger },
  ids: ReadonlySet<string>,
  by: Actor,
): readonly Instance[] {
  const offered = [...ledger.entries()].filter(({ ended, together }) => ended && together !== null)
  const named = offered.filter(({ id }) => ids.has(id))
  const latest = latestOf(named)
  for (const entry of offered) {
    // A later one was not on the page on which this was tapped.
    if (!latest || compareEnds(entry, latest) > 0) continue
    entry.together = null
    entry.dismissed = ids.has(entry.id)
    void ledger.save(entry)
    ledger.publish(entry)
  }
  const at = new Date(now()).toISOString()
  for (const { id, name } of named)
    journal.append({ at, id, name, what: 'not wanted back for now', by })
  return named.map((entry) => ledger.lastShown(entry))
}

function latestOf(ended: readonly Entry[]): Entry | undefined {
  return ended.toSorted(compareEnds).at(-1)
}
