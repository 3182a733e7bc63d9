// Which processes are keepers, by what they run: the name of a launch's note stands in a keeper's
// arguments, so it is found without tmux and without the store.
import { readdirSync } from 'node:fs'
import {
  argvOf,
  childrenOf,
  instanceOf,
  isRunning,
  readProcess,
  type ProcessId,
} from '../processes.ts'
import type { ListedSession } from '../tmux/tmux.ts'
import type { Entry } from './entry.ts'

type Pane = NonNullable<ListedSession['pane']>

/** Finds the keepers that run for these notes' files, by path. One pass over /proc; nothing is waited for. */
export function findKeepers(noteFiles: ReadonlySet<string>): ReadonlyMap<string, ProcessId> {
  const found = new Map<string, ProcessId>()
  if (noteFiles.size === 0) return found
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // sh -c PROGRAM lab-keeper NOFILE NOTE …
    const argv = argvOf(Number(name))
    const note = argv[3] === 'lab-keeper' ? argv[5] : undefined
    const process = note !== undefined && noteFiles.has(note) ? readProcess(Number(name)) : null
    if (note !== undefined && process) found.set(note, { pid: process.pid, start: process.start })
  }
  return found
}

/** Whether a process is a keeper of lab's, whichever. */
export function isKeeper(pid: number): boolean {
  return argvOf(pid)[3] === 'lab-keeper'
}

/** Whether a pane that carries an instance's mark is that instance's: options can be set by hand, processes are what they are. */
export function isOwnPane({ id, keeper }: Entry, { pid, dead }: Pane): boolean {
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
export function isNoteOfKeeper({ keeper }: Entry): boolean {
  if (!keeper || !isRunning(keeper)) return true
  // What puts the note in its place may just be ending.
  return !childrenOf(keeper.pid).some((child) => readProcess(child) && argvOf(child)[0] !== 'mv')
}
