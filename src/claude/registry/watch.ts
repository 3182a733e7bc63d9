// Watches one directory that may not exist yet, or that is removed and made again.
import { statSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

export interface DirectoryWatch {
  /** Watches the directory that is there now, where no watcher does so yet. */
  arm(): void
  close(): void
}

/** Calls `onMade` when the directory was made, also again, and `onName` when a file in it changed. */
export function watchDirectory(
  dir: string,
  { onMade, onName }: { readonly onMade: () => void; readonly onName: (name: string) => void },
): DirectoryWatch {
  let watchers: FSWatcher[] = []
  let watched = ''

  function close(): void {
    for (const watcher of watchers) watcher.close()
    watchers = []
  }

  return {
    arm() {
      if (watched !== '' && watched === identityOf(dir)) return
      close()
      watched = identityOf(dir)
      // The parent tells when the directory is made or made again, which silences its own watcher.
      for (const [path, act] of [
        [dirname(dir), () => watched !== identityOf(dir) && onMade()],
        [dir, (name: string | null) => name && onName(name)],
      ] as const) {
        try {
          const watcher = watch(path, { persistent: false }, (_event, name) => void act(name))
          watchers.push(watcher.on('error', () => (watched = '')))
        } catch {
          // The directory is not there yet, or the kernel has no watcher left: the next call tries again.
          watched = ''
        }
      }
    },
    close,
  }
}

/** Tells one directory of that path from the next: file systems give an inode's number again at once. */
function identityOf(path: string): string {
  try {
    const { ino, birthtimeMs } = statSync(path)
    return `${ino}/${birthtimeMs}`
  } catch {
    return ''
  }
}
