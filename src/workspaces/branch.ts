// Reads the branch of a checkout from git's own files.
import { join, resolve } from 'node:path'
import { answerMs, answerOf, readTextUnbounded } from '../read-file.ts'

// A pointer or a branch is one path or name, and the kernel accepts no longer path.
const gitFileBytesMax = 8192

/**
 * The branch checked out in a repository; null when detached or unreadable.
 * @throws Unreadable when its disk does not answer
 */
export function currentBranch(path: string): Promise<string | null> {
  return answerOf(`branch of ${path}`, () => readBranch(path).catch(() => null), answerMs, path)
}

async function readBranch(path: string): Promise<string | null> {
  const pointer = await readPointer(join(path, '.git'))
  const head = join(resolve(path, pointer ?? '.git'), 'HEAD')
  const text = await readTextUnbounded(head, gitFileBytesMax)
  // A repository in the reftable format has `.invalid` there, which is not a branch.
  return /^ref: refs\/heads\/([^.].*)$/m.exec(text)?.[1] ?? null
}

/** The target of a `.git` file; null for a `.git` directory. */
async function readPointer(path: string): Promise<string | null> {
  const text = await readTextUnbounded(path, gitFileBytesMax).catch(() => '')
  return /^gitdir: (.+)$/m.exec(text)?.[1] ?? null
}
