// The tmux servers in which instances run, and what an earlier lab did not write down about them.
import { readProcess } from '../../processes/proc.ts'
import type { InstancesDeps } from './deps.ts'
import { findKeepers } from '../../processes/keepers.ts'
import type { Ledger } from './ledger.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'

/** The tmux servers in which instances run: nothing ends them, whatever marks they carry. */
export function serversOf(ledger: Ledger, { facts }: InstancesDeps['store']): readonly number[] {
  const servers = [facts.server, ...ledger.live().map(({ launch }) => launch.server)]
  return [...new Set(servers.flatMap((server) => server?.pid ?? []))]
}

/** The keepers of all live instances but one: pids. */
export function keepersBut(ledger: Ledger, id: string): readonly number[] {
  return ledger
    .live()
    .flatMap(({ id: other, launch, seen }) =>
      other === id ? [] : (launch.keeper?.pid ?? seen.session?.panePid ?? []),
    )
}

/** Finds the keepers that an older lab, or one that was killed during a start, did not write down. */
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
