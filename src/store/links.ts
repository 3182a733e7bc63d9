// The state directory belongs to lab, and so does every file that lab writes there.
import { lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'

// What lab writes as it goes; the store may be kept elsewhere on purpose.
const written = ['settings.json', 'journal.jsonl', 'server.json', 'tmux-clients.json']

/** Removes links where lab is about to write: somebody else's file would be overwritten. */
export function dropLinks(dir: string, onDropped: (file: string) => void): void {
  for (const name of written) {
    const file = join(dir, name)
    if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) continue
    rmSync(file)
    onDropped(file)
  }
}
