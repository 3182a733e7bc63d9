// Prepares the state directory before lab opens a file in it.
import { lstatSync, mkdirSync, rmSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Log } from '../log.ts'

const folders = ['buffers', 'notes']
// Without state.json: the store puts aside whatever lab cannot read there, and starts empty.
const files = [
  'journal.jsonl',
  'lock',
  'push.json',
  'server.json',
  'sign-ins.json',
  'tmux-clients.json',
]

/**
 * Makes the state directory, or accepts one whose contents leave room for lab's own files and folders.
 * @throws UsageError naming a path that is in the way, and what the system says
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

// The files that lab writes while it runs. The store is not among them: an operator may link it elsewhere.
const written = ['journal.jsonl', 'server.json', 'tmux-clients.json']

/** Removes links where lab is about to write, because lab would overwrite the file behind the link. */
export function dropLinks(dir: string, log: Log): void {
  for (const name of written) {
    const file = join(dir, name)
    if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) continue
    try {
      rmSync(file)
    } catch {
      // A disk that takes nothing now overwrites nothing either.
      continue
    }
    log.warn({ file }, 'lab removed a link, because it writes its own file here')
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

/** The stat of a path; null when lab cannot look at it. The first use of the path reports why. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
