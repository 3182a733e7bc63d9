// Replaces files whole: the old text stays until all of the new text is on the disk. (The library for it,
// write-file-atomic 7, does not check how many bytes its single write took: on a full disk it replaces a
// good file with one that is cut off.)
import { constants, writeFileSync } from 'node:fs'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'

let written = 0

const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants

/** Writes a small file of lab's own before it returns; a reader may see a part. A FIFO is an error. @throws what the system says */
export function writeNow(path: string, text: string, mode = 0o600): void {
  writeFileSync(path, text, { mode, flag: O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK } as object)
}

/**
 * Replaces the content of a file, or of a symlink's target, with `text`, that mode and the old file's
 * owner. Until it resolves, and when it rejects, a reader finds the old text, never a part of the new one.
 * @throws what the system says
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
      // The umask has reduced the mode of `open`.
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
