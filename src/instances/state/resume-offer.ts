// What ended together and may be wanted back together: after a stop-all, a lost tmux server, a reboot.
import type { Actor } from '../../core/actor.ts'
import type { ResumeOffer, Instance } from '../../core/instance.ts'
import type { InstancesDeps } from './deps.ts'
import type { Entry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import { compareEnds } from './project-list.ts'

/** The latest group of instances that ended together and are still ended; none while one of it still ends. */
export function resumeOfferOf(ledger: Ledger): ResumeOffer | null {
  const all = ledger.entries()
  const ended = all.filter(isOfGroup)
  const together = latestOf(ended)?.launch.together
  const group = ended.filter((entry) => entry.launch.together === together)
  // An offer that grew while it is read would move what stands below it with each name.
  if (all.some(({ state, launch }) => state === 'stopping' && launch.together === together))
    return null
  const reason = group[0]?.end?.evidence.reason
  if (reason !== 'stopped' && reason !== 'tmux_gone' && reason !== 'rebooted') return null
  return { reason, instances: group.map((entry) => ledger.present(entry)) }
}

/** Takes the offer of these back, and every older one; what was resumed meanwhile is left alone. */
export function dismissOffer(
  { deps: { journal, now }, ledger }: { deps: InstancesDeps; ledger: Ledger },
  ids: ReadonlySet<string>,
  by: Actor,
): readonly Instance[] {
  const offered = ledger.entries().filter(isOfGroup)
  const named = offered.filter(({ id }) => ids.has(id))
  const latest = latestOf(named)
  for (const entry of offered) {
    // A later one was not on the page on which this was tapped.
    if (!latest || !entry.end || compareEnds(entry, latest) > 0) continue
    const end = { ...entry.end, isDismissed: ids.has(entry.id) }
    ledger.change(entry, { launch: { together: null }, end })
  }
  const at = new Date(now()).toISOString()
  for (const { id, launch } of named)
    journal.append({ at, id, name: launch.name, what: 'not wanted back for now', by })
  return named.map((entry) => ledger.lastShown(entry))
}

/** Whether it has ended along with others. */
function isOfGroup({ end, launch }: Entry): boolean {
  return end !== null && launch.together !== null
}

function latestOf(ended: readonly Entry[]): Entry | undefined {
  return ended.toSorted(compareEnds).at(-1)
}
