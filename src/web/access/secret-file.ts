// A file with a secret in it: checked at the start, read again whenever it has changed, so that a new
// password or a removed token counts at once. Imports errors and read-file only.
import { statSync } from 'node:fs'
import { LabError, UsageError } from '../../errors.ts'
import { readTextSync, Unreadable } from '../../read-file.ts'
import type { Log } from '../../log.ts'

export interface SecretFile<T extends object> {
  /** The content of the file now, the same object until it changes; null while the file cannot be used. */
  read(): T | null
  /** A problem with the mode of the file that is not a reason to refuse it. */
  readonly warning: string | null
  /** Calls `onChange` within about a second of any change since; the return value ends it. */
  watch(onChange: () => void): () => void
}

// Streams have no request that would look; a stat a second costs nothing.
const lookMs = 1000
// Two changes within one tick of the file system's clock (10 ms at most) look like one.
const tickMs = 100

/**
 * Opens a secret file; `parse` throws an Error that says what is wrong with a text. With `isPrivate`, one
 * that others can read is refused. @throws UsageError naming flag, file and remedy
 */
export function openSecretFile<T extends object>(
  { flag, path, isPrivate }: { flag: string; path: string; isPrivate: boolean },
  parse: (text: string) => T,
  log: Log,
): SecretFile<T> {
  let others = ''
  let seen = ''
  let text: string | null = null
  let value: T | null = null

  function look(): void {
    const stat = statSync(path, { bigint: true })
    const now = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':')
    if (now === seen) return
    others = othersIn(Number(stat.mode), Number(stat.uid))
    if (others !== '' && isPrivate) throw new Error(`is open to ${others}; close it with chmod 600`)
    const found = readTextSync(path)
    if (found !== text || value === null) value = parse(found)
    text = found
    // A file may be written twice within one tick of its clock: read a fresh file again next time.
    seen = Math.abs(Date.now() - Number(stat.ctimeMs)) < tickMs ? '' : now
  }

  try {
    look()
  } catch (error) {
    throw new UsageError(`${flag} ${path} ${reasonOf(error)}.`, { cause: error })
  }

  function read(): T | null {
    try {
      look()
    } catch (error) {
      // While lab cannot read the secret, the old one must not authenticate a request.
      if (value !== null)
        log.error({ file: path }, `${flag} ${reasonOf(error)}; nobody gets in by it`)
      value = null
      seen = ''
    }
    return value
  }

  return {
    warning: others === '' ? null : `${flag} ${path} is open to ${others}: close it with chmod 600`,
    read,
    watch(onChange) {
      let told = read()
      const timer = setInterval(() => {
        const now = read()
        if (now === told) return
        told = now
        onChange()
      }, lookMs).unref()
      return () => clearInterval(timer)
    },
  }
}

/**
 * The other accounts that may read or change a file of that mode and owner, or ''. Its group may where another account
 * owns it, for then the group is how lab itself is let in: a secret of root's, or a credential of
 * systemd's, whose group bits are the mask of an access list.
 */
function othersIn(mode: number, owner: number): string {
  if (mode & 0o007) return 'everybody on this machine'
  const isOwn = process.getuid?.() === owner
  return mode & (isOwn ? 0o070 : 0o020) ? 'its group' : ''
}

function reasonOf(error: unknown): string {
  if (error instanceof LabError) return error.message
  if (error instanceof Unreadable)
    return error.code === 'EFBIG' ? 'is too large' : 'is not a regular file'
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'does not exist'
  return code === undefined ? message : `cannot be read (${code})`
}
