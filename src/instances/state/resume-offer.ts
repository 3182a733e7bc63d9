// The resume offer: instances that ended together, by a stop-all, with their tmux server or in a reboot.
import type { Actor } from '../../core/actor.ts'
import type { ResumeOffer, Instance } from '../../core/instance.ts'
import type { InstancesDeps } from './deps.ts'
import type { Entry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import { compareEnds } from './project-list.ts'

/** The latest group of instances that ended together and have not been resumed; null while one of them still ends. */
export function resumeOfferOf(ledger: Ledger): ResumeOffer | null {
  const all = ledger.entries()
  const ended = all.filter(isOfGroup)
  const together = latestOf(ended)?.launch.together
  const group = ended.filter((entry) => entry.launch.together === together)
  // An offer that grows while a person reads it would move the page below it with each name.
  if (all.some(({ state, launch }) => state === 'stopping' && launch.together === together))
    return null
  const reason = group[0]?.end?.evidence.reason
  if (reason !== 'stopped' && reason !== 'tmux_gone' && reason !== 'rebooted') return null
  return { reason, instances: group.map((entry) => ledger.present(entry)) }
}

/** Withdraws the offer of these instances and every older offer. It leaves resumed instances alone. */
export function dismissOffer(
  { deps: { journal, now }, ledger }: { deps: InstancesDeps; ledger: Ledger },
  ids: ReadonlySet<string>,
  by: Actor,
): readonly Instance[] {
  const offered = ledger.entries().filter(isOfGroup)
  const named = offered.filter(({ id }) => ids.has(id))
  const latest = latestOf(named)
  for (const entry of offered) {
    // The page of this tap did not show a later end.
    if (!latest || !entry.end || compareEnds(entry, latest) > 0) continue
    const end = { ...entry.end, isDismissed: ids.has(entry.id) }
    ledger.change(entry, { launch: { together: null }, end })
  }
  const at = new Date(now()).toISOString()
  for (const { id, launch } of named)
    journal.append({ at, id, name: launch.name, what: 'resume offer dismissed', by })
  return named.map((entry) => ledger.lastShown(entry))
}

/** Whether an instance has ended along with others. */
function isOfGroup({ end, launch }: Entry): boolean {
  return end !== null && launch.together !== null
}

function latestOf(ended: readonly Entry[]): Entry | undefined {
  return ended.toSorted(compareEnds).at(-1)
}
