// Which project the operator means: a key, or a place on the disk.
import { realpathSync } from 'node:fs'
import { sep } from 'node:path'
import { absolutePath } from '../argv.ts'
import type { Project } from '../core/instance.ts'
import { Failure, type CliContext } from './command.ts'

/**
 * The key of the project that `named` is, or in whose folder it lies; a key wins over a folder of the
 * same name. What is neither comes back as it is, for the server to refuse. @throws Failure for a path
 * that lies in no project
 */
export function projectKey(
  named: string,
  projects: readonly Project[],
  context: CliContext,
): string {
  if (projects.some(({ key }) => key === named)) return named
  const place = real(absolutePath(named, context))
  const holding = projects
    .map(({ key, path }) => ({ key, path: real(path) ?? path }))
    .filter(({ path }) => place === path || place?.startsWith(`${path}${sep}`))
    .sort((a, b) => b.path.length - a.path.length)[0]
  if (holding) return holding.key
  if (/^\.{0,2}$|^~|\//.test(named)) {
    if (place === null) throw new Failure(`${named} does not exist.`)
    throw new Failure(`${named || 'An empty path'} lies in no project; \`lab ls\` shows them.`)
  }
  return named
}

function real(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}
