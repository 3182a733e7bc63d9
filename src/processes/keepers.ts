// Which processes are keepers, by what they run: the name of a launch's note stands in a keeper's
// arguments, so it is found without tmux and without the store.
import { readdirSync } from 'node:fs'
import { argvOf, readProcess, type ProcessId } from './proc.ts'

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
