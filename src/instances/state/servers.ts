// The tmux servers and the keepers of instances, also those that an earlier lab did not write down.
import { readProcess } from '../../processes/proc.ts'
import type { InstancesDeps } from './deps.ts'
import { findKeepers } from '../../processes/keepers.ts'
import type { Ledger } from './ledger.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'

/** The pids of the tmux servers that hold instances. lab never ends them, whatever variables they carry. */
export function serversOf(ledger: Ledger, { facts }: InstancesDeps['store']): readonly number[] {
  const servers = [facts.server, ...ledger.live().map(({ launch }) => launch.server)]
  return [...new Set(servers.flatMap((server) => server?.pid ?? []))]
}

/** The pids of the keepers of all live instances except this one. */
export function keepersBut(ledger: Ledger, id: string): readonly number[] {
  return ledger
    .live()
    .flatMap(({ id: other, launch, seen }) =>
      other === id ? [] : (launch.keeper?.pid ?? seen.session?.panePid ?? []),
    )
}

/** Finds the keepers that an older lab, or a lab that was killed during a start, did not write down. */
export function recallKeepers(ledger: Ledger, notes: LaunchNotes): void {
  const nameless = ledger.live().filter(({ launch }) => launch.keeper === null)
  const found = findKeepers(new Set(nameless.map(({ launch }) => notes.pathOf(launch.id))))
  for (const entry of nameless) {
    const keeper = found.get(notes.pathOf(entry.launch.id))
    if (!keeper) continue
    const parent = readProcess(keeper.pid)?.parent ?? 0
    const server = { pid: parent, start: readProcess(parent)?.start ?? null }
    ledger.change(entry, { launch: { keeper, server } })
  }
}
