// Where the commands find the running lab: `<state-dir>/server.json`. The file stays when lab ends.
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
 * Writes where this lab answers, and the token that its commands send. Where the group may read the state
 * directory it may read this file too, and so use the commands.
 */
export async function writeServerFile(
  stateDir: string,
  options: { url: string; self: ProcessId; token: string; tmux: readonly string[] },
): Promise<void> {
  const { self, token, tmux } = options
  // A lab that listens on every address answers on loopback.
  const url = options.url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  const content = { url, pid: self.pid, procStart: self.start, token, tmux }
  const isForGroup = (statSync(stateDir).mode & 0o050) === 0o050
  await replaceFile(join(stateDir, 'server.json'), `${JSON.stringify(content, null, 1)}\n`, {
    mode: isForGroup ? 0o640 : 0o600,
  })
}
