// What ended together and may be wanted back together: after a stop-all, a lost tmux server, a reboot.
import type { ComeBack } from '../core/instance.ts'
import type { Ledger } from './ledger.ts'

/** The latest group of instances that ended together and are still ended; none while one of it still ends. */
export function comeBackOf(ledger: Ledger): ComeBack | null {
  const all = [...ledger.entries()]
  const ended = all.filter((entry) => entry.ended && entry.together !== null)
  const latest = ended.reduce<string>(
    (at, entry) => (entry.ended!.at > at ? entry.ended!.at : at),
    '',
  )
  const together = ended.find((entry) => entry.ended?.at === latest)?.together
  const group = ended.filter((entry) => entry.together === together)
  // An offer that grew while it is read would move what stands below it with each name.
  if (all.some((entry) => entry.state === 'stopping' && entry.together === together)) return null
  const reason = group[0]?.ended?.evidence.reason
  if (reason !== 'stopped' && reason !== 'tmux_gone' && reason !== 'rebooted') return null
  return { reason, instances: group.map((entry) => ledger.present(entry)) }
}
