// Where the commands find the running lab: `<state-dir>/server.json`. It outlives lab on purpose.
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessId } from '../processes.ts'
import { replaceFile } from '../write-file.ts'

/**
 * Tells the commands where this lab answers; the token is good for this run of lab only. Who may read
 * the state directory as its group may read the note, and so use the commands.
 */
export async function writeServerNote(
  stateDir: string,
  { url, self, tmux }: { url: string; self: ProcessId; tmux: readonly string[] },
): Promise<void> {
  const note = {
    url,
    pid: self.pid,
    procStart: self.start,
    token: randomBytes(32).toString('base64url'),
    tmux,
  }
  const isForGroup = (statSync(stateDir).mode & 0o050) === 0o050
  await replaceFile(join(stateDir, 'server.json'), `${JSON.stringify(note, null, 1)}\n`, {
    mode: isForGroup ? 0o640 : 0o600,
  })
}
