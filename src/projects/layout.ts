// Finds out whether a repository has a checkout, from its files as git reads them: a bare repository has
// none, under any folder name. Every read is bounded in size, and none waits for a FIFO.
import type { Dirent, Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readTextUnbounded } from '../read-file.ts'

/**
 * Whether git has a checkout in `folder`, where `git` is its `.git`. An unreadable repository counts as a
 * checkout: lab then shows it, and git reports the problem.
 */
export async function hasCheckout(folder: string, git: Dirent | Stats): Promise<boolean> {
  let gitDir = join(folder, '.git')
  if (!git.isDirectory()) {
    const pointer = await parsed(gitDir, parsePointer)
    if (pointer !== null) gitDir = resolve(folder, pointer)
  }
  const config = await parsed(join(gitDir, 'config'), parseConfig)
  const own = config?.hasOwn ? await parsed(join(gitDir, 'config.worktree'), parseConfig) : null
  return !(own?.bare ?? config?.bare ?? false)
}

// Git's own folders in a bare repository. Worktrees may be next to them.
const gitFolders = new Set(['objects', 'refs', 'logs', 'worktrees', 'modules', 'lfs', 'hooks'])

/** The names of git's own folders, if `entries` are those of a bare repository; else none. */
export function gitFoldersOf(entries: readonly Dirent[]): ReadonlySet<string> {
  const names = new Set(entries.map(({ name }) => name))
  const isGitDir = ['HEAD', 'objects', 'refs'].every((name) => names.has(name))
  return isGitDir ? gitFolders : new Set()
}

/** The target of a `.git` file by its text; null for another text. */
function parsePointer(text: string): string | null {
  return /^gitdir: (.+)$/m.exec(text)?.[1] ?? null
}

interface Config {
  /** Null when the file does not set it. */
  readonly bare: boolean | null
  /** Each worktree, the main one too, has its own file, whose settings outrank these. */
  readonly hasOwn: boolean
}

/** Reads the settings about bareness in git's configuration. It does not follow includes. */
export function parseConfig(text: string): Config {
  let section = ''
  const values = new Map<string, boolean>()
  for (const line of text.split('\n')) {
    let setting = line.trim()
    if (setting.startsWith('[')) {
      const end = setting.indexOf(']')
      section = setting
        .slice(1, end < 0 ? undefined : end)
        .trim()
        .toLowerCase()
      setting = end < 0 ? '' : setting.slice(end + 1)
    }
    // A name without a value means true.
    const [name = '', value = 'true'] = (setting.split(/[#;]/, 1)[0] ?? '').split('=')
    const word = value.replaceAll('"', '').trim()
    values.set(`${section}.${name.trim().toLowerCase()}`, /^(true|yes|on|[1-9]\d*)$/i.test(word))
  }
  return {
    bare: values.get('core.bare') ?? null,
    hasOwn: values.get('extensions.worktreeconfig') ?? false,
  }
}

// More than any real file of this kind has.
const bytesMax = 256 * 1024
// Every scan needs the same files, and they hardly ever change.
const known = new Map<string, { readonly stamp: string; readonly value: unknown }>()
const knownMax = 10_000

/** The result of `parse` on a small file's text, kept until the file changes; null when lab cannot read it. */
async function parsed<T>(path: string, parse: (text: string) => T): Promise<T | null> {
  const now = await stat(path).catch(() => null)
  if (!now?.isFile() || now.size > bytesMax) return null
  const stamp = `${now.ino}/${now.mtimeMs}/${now.size}`
  const before = known.get(path)
  if (before?.stamp === stamp) return before.value as T
  const text = await readTextUnbounded(path, bytesMax).catch(() => null)
  if (text === null) return null
  if (known.size >= knownMax) known.clear()
  const value = parse(text)
  known.set(path, { stamp, value })
  return value
}
