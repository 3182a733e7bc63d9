// Spares Claude's own daemon, and what runs below it, for as long as it holds a session of others: it
// carries the mark of the instance that started it, and a parked session of any other instance with it.
import { isDaemon } from '../../claude/daemon.ts'
import { registryEntries, type ClaudeHomes } from '../../claude/home.ts'
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import { treeOf } from '../../processes/process-table.ts'
import { isRunning, type ProcessEntry, type ProcessTable } from '../../processes/proc.ts'

export interface Daemons {
  /** Those of an instance's processes that others need: pids. `parkedJobId` names the one session that is its own. */
  heldByOthers(
    found: readonly ProcessEntry[],
    table: ProcessTable,
    parkedJobId: string | null,
  ): ReadonlySet<number>
}

export function createDaemons(homes: ClaudeHomes): Daemons {
  return {
    heldByOthers(found, table, parkedJobId) {
      const daemons = found.filter(({ pid }) => isDaemon(pid))
      if (daemons.length === 0) return new Set()
      // A session that is just being moved has no file of its own yet: the one that it came from tells.
      if (![...registryEntries(homes)].some((entry) => isOthers(entry, parkedJobId)))
        return new Set()
      return new Set(daemons.flatMap(({ pid }) => treeOf(table, pid).map((one) => one.pid)))
    },
  }
}

/** Whether an entry is a session in the background, or on its way there, other than the instance's own. */
function isOthers(entry: RegistryEntry, own: string | null): boolean {
  const { pid, procStart, isBackground, isSpare, jobId, parkedJobId } = entry
  const job = isBackground ? jobId : parkedJobId
  if (isSpare || (!isBackground && job === null) || (job !== null && job === own)) return false
  return procStart === null || isRunning({ pid, start: procStart })
}
