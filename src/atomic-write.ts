// Replaces files whole: what was there stays until all of the new text is on the disk. (The library
// for it, write-file-atomic 7, writes once and does not look at how much was taken: on a full disk it
// puts a file that is cut off in the place of a good one.)
import { constants, writeFileSync } from 'node:fs'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'

let written = 0

const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants

/** Writes a small file of lab's own at once, not whole; a FIFO in its place is an error, not a wait. @throws what the system says */
export function writeNow(path: string, text: string, mode = 0o600): void {
  writeFileSync(path, text, { mode, flag: O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK } as object)
}

/**
 * Writes `text` in the place of a file, or of what a symlink leads to, with that mode and the old
 * file's owner. Until it resolves, and when it fails, a reader finds the old text, never a part of
 * the new one. @throws what the system says
 */
export async function replaceFile(
  path: string,
  text: string,
  { mode }: { readonly mode: number },
): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const part = `${target}.${process.pid}.${++written}.part`
  const owner = await stat(target).catch(() => null)
  try {
    const file = await open(part, 'w', mode)
    try {
      await file.writeFile(text)
      // The umask has taken from the mode given at the opening.
      await file.chmod(mode)
      if (owner && process.getuid?.() === 0) await file.chown(owner.uid, owner.gid)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, target)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
