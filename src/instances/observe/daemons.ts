// Keeps lab from ending Claude's own daemon while the daemon holds sessions of other instances. The daemon
// carries the LAB_INSTANCE of the instance that started it, and so do the sessions below it.
import { isDaemon } from '../../claude/daemon.ts'
import { registryEntries, type ClaudeHomes } from '../../claude/home.ts'
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import { treeOf } from '../../processes/process-table.ts'
import { isRunning, type ProcessEntry, type ProcessTable } from '../../processes/proc.ts'

export interface Daemons {
  /** The pids of an instance's processes that others need. `parkedJobId` names the instance's own parked session. */
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
      // A session on its way into the daemon has no file yet: the file of its old process names it.
      if (![...registryEntries(homes)].some((entry) => isOthers(entry, parkedJobId)))
        return new Set()
      return new Set(daemons.flatMap((daemon) => treeOf(table, daemon.pid).map(({ pid }) => pid)))
    },
  }
}

/** Whether an entry is a session in the background, or on its way there, that is not the instance's own. */
function isOthers(entry: RegistryEntry, own: string | null): boolean {
  const { pid, procStart, isBackground, isSpare, jobId, parkedJobId } = entry
  const job = isBackground ? jobId : parkedJobId
  if (isSpare || (!isBackground && job === null) || (job !== null && job === own)) return false
  return procStart === null || isRunning({ pid, start: procStart })
}
