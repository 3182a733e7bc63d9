// Whether a repository has a checkout, read from its files as git reads them: a bare repository has
// none, whatever its folder is called. Every read is bounded in size, and none waits for a FIFO.
import type { Dirent, Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readTextUnbounded } from '../read-file.ts'

/**
 * Whether git has a checkout in `folder`, whose `.git` is given. What cannot be read counts as one:
 * the repository is then shown, and git says what is wrong with it.
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

// What git itself keeps in a bare repository; a worktree lies beside these.
const gitFolders = new Set(['objects', 'refs', 'logs', 'worktrees', 'modules', 'lfs', 'hooks'])

/** Names the folders among `entries` that are git's own: some of a bare repository's, else none. */
export function gitFoldersOf(entries: readonly Dirent[]): ReadonlySet<string> {
  const names = new Set(entries.map(({ name }) => name))
  const isGitDir = ['HEAD', 'objects', 'refs'].every((name) => names.has(name))
  return isGitDir ? gitFolders : new Set()
}

/** Where the text of a `.git` file points; null for another text. */
function parsePointer(text: string): string | null {
  return /^gitdir: (.+)$/m.exec(text)?.[1] ?? null
}

interface Config {
  /** Null where the file does not say. */
  readonly bare: boolean | null
  /** Each worktree, the main one too, has a file of settings that outrank these. */
  readonly hasOwn: boolean
}

/** Reads what git's configuration says about bareness; includes are not followed. */
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

// More than any real file of these has.
const bytesMax = 256 * 1024
// A scan asks for the same files again and again, and they hardly ever change.
const known = new Map<string, { readonly stamp: string; readonly value: unknown }>()
const knownMax = 10_000

/** What `parse` makes of a small file's text, anew only when the file has changed; null without one. */
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
