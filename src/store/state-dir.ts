// The state directory as it must be before anything is opened in it.
import { lstatSync, mkdirSync, rmSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Log } from '../log.ts'

const folders = ['buffers', 'notes']
// state.json is missing here: what is not one is kept aside, and lab begins with an empty store.
const files = ['journal.jsonl', 'lock', 'server.json', 'sign-ins.json', 'tmux-clients.json']

/**
 * Makes the state directory, or takes one in which nothing stands in the way of lab's own files and
 * folders. @throws UsageError naming what does, and what the system says
 */
export function makeStateDir(dir: string): void {
  const own = statOf(dir)
  if (own && !own.isDirectory())
    throw new UsageError(
      `--state-dir ${dir} is ${kindOf(own)}, not a folder. Name a folder, or move it away.`,
    )
  makeDir(dir)
  for (const name of folders) check(join(dir, name), 'a folder', (stat) => stat.isDirectory())
  for (const name of files) check(join(dir, name), 'a file', (stat) => stat.isFile())
}

/** Makes a folder that only lab's user may enter; returns its path. */
export function makeDir(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}

// What lab writes as it goes; the store may be kept elsewhere on purpose.
const written = ['journal.jsonl', 'server.json', 'tmux-clients.json']

/** Removes links where lab is about to write: somebody else's file would be overwritten. */
export function dropLinks(dir: string, log: Log): void {
  for (const name of written) {
    const file = join(dir, name)
    if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) continue
    try {
      rmSync(file)
    } catch {
      // On a disk that takes nothing now nothing is overwritten either.
      continue
    }
    log.warn({ file }, 'lab writes here: a link was removed')
  }
}

function check(path: string, wanted: string, isRight: (stat: Stats) => boolean): void {
  const stat = statOf(path)
  if (!stat || isRight(stat)) return
  throw new UsageError(`${path} is ${kindOf(stat)}, and lab keeps ${wanted} there. Move it away.`)
}

function kindOf(stat: Stats): string {
  return stat.isFile() ? 'a file' : stat.isDirectory() ? 'a folder' : 'a special file'
}

/** Null for what is not there, or leads nowhere, or may not be looked at: using it says why. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
