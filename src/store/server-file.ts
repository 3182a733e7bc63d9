// Where the commands find the running lab: `<state-dir>/server.json`. It outlives lab on purpose.
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessId } from '../processes/proc.ts'
import { replaceFile } from '../atomic-write.ts'

/** A token that is good for one run of lab. */
export function newBootToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * Tells the commands where this lab answers, and the token by which it knows them. Who may read the
 * state directory as its group may read the note, and so use the commands.
 */
export async function writeServerFile(
  stateDir: string,
  options: { url: string; self: ProcessId; token: string; tmux: readonly string[] },
): Promise<void> {
  const { self, token, tmux } = options
  // Who listens on every address is reached on loopback.
  const url = options.url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  const note = { url, pid: self.pid, procStart: self.start, token, tmux }
  const isForGroup = (statSync(stateDir).mode & 0o050) === 0o050
  await replaceFile(join(stateDir, 'server.json'), `${JSON.stringify(note, null, 1)}\n`, {
    mode: isForGroup ? 0o640 : 0o600,
  })
}
