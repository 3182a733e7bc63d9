// Which processes are an instance's: what runs below its keeper, and what it began and let go of. A mark
// alone proves nothing: whatever a marked program begins carries it, too.
import { markedIn, treeOf } from './process-table.ts'
import {
  isTaken,
  isTmuxServer,
  nameOf,
  readProcess,
  type ProcessEntry,
  type ProcessId,
  type ProcessTable,
} from './proc.ts'
import { isKeeper } from './keepers.ts'

export interface Groups {
  /** The instance's own: a stop ends them. */
  readonly own: readonly ProcessEntry[]
  /** Begun by the instance, with others' work in them: a tmux server, a daemon that builds for all. */
  readonly serving: readonly ProcessEntry[]
}

/** Sorts the processes of a table out for one instance. */
export function groupsOf(
  table: ProcessTable,
  options: {
    readonly id: string
    readonly keeper: number | null
    /** The agent as last seen: it and what runs below it are the instance's without its keeper, too. */
    readonly agent: ProcessId | null
    readonly untouchable: ReadonlySet<number>
    /** Whether orphans are given to that process. */
    readonly isReaper: (pid: number) => boolean
    /** Whether systemd began that process for a service, from an environment with the mark. */
    readonly isOfService: (pid: number) => boolean
  },
): Groups {
  const { id, keeper, agent, untouchable, isReaper, isOfService } = options
  const own = new Map<number, ProcessEntry>()
  if (keeper !== null) for (const entry of treeOf(table, keeper)) own.set(entry.pid, entry)
  const serving: ProcessEntry[] = []
  const isMarked = (entry: ProcessEntry | undefined): boolean => entry?.instance === id
  for (const top of markedIn(table, id)) {
    if (own.has(top.pid) || isMarked(table.get(top.parent))) continue
    // Begun by a program that lives and is not the instance's: that one gave it the mark.
    const isOrphan = isReaper(top.parent) || hasLostParent(table, top)
    const isLetGo = isOrphan && !isOfService(top.pid)
    const isKeepers = isKeeper(top.pid)
    if (!isLetGo && !isKeepers) continue
    const tree = treeOf(table, top.pid)
    if (!isKeepers && !isAgents(tree, agent) && isServing(tree, id)) serving.push(top)
    else for (const entry of tree) own.set(entry.pid, entry)
  }
  own.delete(keeper ?? -1)
  const isFree = ({ pid }: ProcessEntry): boolean => !untouchable.has(pid)
  return { own: [...own.values()].filter(isFree), serving: serving.filter(isFree) }
}

/** Whether its parent has ended; a parent that /proc hides from lab (`ProtectProc=invisible`) lives. */
function hasLostParent(table: ProcessTable, { pid, parent }: ProcessEntry): boolean {
  return !table.has(parent) && (readProcess(pid)?.parent !== parent || !isTaken(parent))
}

/** Whether the agent is among them: then they are it or a wrapper around it, and what it runs. */
function isAgents(tree: readonly ProcessEntry[], agent: ProcessId | null): boolean {
  return tree.some(({ pid, start }) => pid === agent?.pid && start === agent.start)
}

// By the names that the kernel keeps; each is a server that keeps its programs for every client that attaches.
const multiplexers = /^(?:screen|SCREEN|zellij|dtach|abduco)$/

/**
 * Whether others run in what an instance let go of: something in it carries another mark or none, or
 * it is a terminal multiplexer, whose windows inherit the variable, whichever client opens them.
 */
function isServing(tree: readonly ProcessEntry[], id: string): boolean {
  return tree.some(
    ({ pid, instance }) => instance !== id || isTmuxServer(pid) || multiplexers.test(nameOf(pid)),
  )
}
