// Whether a pane, and a keeper's note, belong to an instance: processes decide, for marks can be forged.
import { argvOf, childrenOf, instanceOf, isRunning, readProcess } from '../../processes/proc.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import type { Entry } from '../state/entry.ts'

type Pane = NonNullable<ListedSession['pane']>

/** Whether a pane that carries an instance's mark is that instance's: options can be set by hand, processes are what they are. */
export function isOwnPane({ id, launch: { keeper } }: Entry, { pid, dead }: Pane): boolean {
  if (keeper && pid === keeper.pid) return true
  // Another pane than the keeper's, while the keeper lives elsewhere.
  if (keeper && isRunning(keeper)) return false
  if (dead) return true
  const mark = instanceOf(pid)
  return keeper ? mark === id : mark === null || mark === id
}

/**
 * Whether a note says how the agent ended: the keeper writes it when the agent is over, so one that
 * lies there while the keeper still runs something was written by somebody else.
 */
export function isNoteOfKeeper({ launch: { keeper } }: Entry): boolean {
  if (!keeper || !isRunning(keeper)) return true
  // What puts the note in its place may just be ending.
  return !childrenOf(keeper.pid).some((child) => readProcess(child) && argvOf(child)[0] !== 'mv')
}
