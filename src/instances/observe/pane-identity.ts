// Whether a pane and a keeper's note belong to an instance. Processes decide, because metadata can be forged.
import { argvOf, childrenOf, instanceOf, isRunning, readProcess } from '../../processes/proc.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import type { Entry } from '../state/entry.ts'

type Pane = NonNullable<ListedSession['pane']>

/** Whether a pane with an instance's metadata is that instance's pane. A person can set options by hand, so processes decide. */
export function isOwnPane({ id, launch: { keeper } }: Entry, { pid, dead }: Pane): boolean {
  if (keeper && pid === keeper.pid) return true
  // The keeper lives in another pane.
  if (keeper && isRunning(keeper)) return false
  if (dead) return true
  const owner = instanceOf(pid)
  return keeper ? owner === id : owner === null || owner === id
}

/**
 * Whether the keeper wrote a note. The keeper writes it after the agent's end, so another process wrote a
 * note that exists while the keeper still runs something.
 */
export function isNoteOfKeeper({ launch: { keeper } }: Entry): boolean {
  if (!keeper || !isRunning(keeper)) return true
  // The keeper's own `mv`, which puts the note in its place, may still run.
  return !childrenOf(keeper.pid).some((child) => readProcess(child) && argvOf(child)[0] !== 'mv')
}
