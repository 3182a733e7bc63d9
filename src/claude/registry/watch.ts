// Watches one directory that may not exist yet, or that is removed and made again.
import { statSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

export interface DirectoryWatch {
  /** Watches the present directory, unless it has a watcher already. */
  arm(): void
  close(): void
}

/** Calls `onMade` each time the directory is made, and `onName` when a file in it changes. */
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
      // The parent's watcher sees that the directory is made again; the old directory's watcher does not.
      for (const [path, act] of [
        [dirname(dir), () => watched !== identityOf(dir) && onMade()],
        [dir, (name: string | null) => name && onName(name)],
      ] as const) {
        try {
          const watcher = watch(path, { persistent: false }, (_event, name) => void act(name))
          watchers.push(watcher.on('error', () => (watched = '')))
        } catch {
          // The directory does not exist yet, or the kernel has no watcher left: the next call tries again.
          watched = ''
        }
      }
    },
    close,
  }
}

/** Identifies the directory at a path. The birth time is part of it, because file systems reuse inodes. */
function identityOf(path: string): string {
  try {
    const { ino, birthtimeMs } = statSync(path)
    return `${ino}/${birthtimeMs}`
  } catch {
    return ''
  }
}
