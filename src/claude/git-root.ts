// Finds the folder under which Claude Code keeps its trust in a worktree: the main checkout, or the bare
// repository. It only reads files, and believes no file alone that a checkout could contain.
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { readTextUnbounded } from '../read-file.ts'

/**
 * The root that a linked worktree shares with its repository (measured with Claude Code 2.1.332): the
 * folder that holds the common `.git`, or the common folder itself under any other name (`foo.git`,
 * `.bare`, a submodule's). Null for a folder that is not a linked worktree: a main checkout, a submodule, a
 * plain folder, a worktree that was moved or whose repository is gone.
 */
export async function canonicalRoot(folder: string): Promise<string | null> {
  try {
    const dotGit = join(folder, '.git')
    const pointer = /^gitdir: (.+)$/m.exec(await readSmall(dotGit))?.[1]
    if (pointer === undefined) return null
    const gitDir = await realpath(resolve(folder, pointer))
    const common = await realpath(
      resolve(gitDir, (await readSmall(join(gitDir, 'commondir'))).trim()),
    )
    // The repository must name the folder too: any folder could name another person's repository.
    const named = resolve(gitDir, (await readSmall(join(gitDir, 'gitdir'))).trim())
    const isMutual = (await realpath(named)) === (await realpath(dotGit))
    if (!isMutual || dirname(gitDir) !== join(common, 'worktrees')) return null
    return basename(common) === '.git' ? dirname(common) : common
  } catch {
    return null
  }
}

// Room for a path: Linux allows 4096 bytes.
const bytesMax = 8192
const readSmall = (path: string): Promise<string> => readTextUnbounded(path, bytesMax)
