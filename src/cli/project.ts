// Which project the operator means: a key, or a place on the disk.
import { lstatSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { absolutePath, nearest } from '../argv.ts'
import type { Project } from '../core/instance.ts'
import { Failure, type CliContext } from './command.ts'

/**
 * The key of the project that `named` is, or in whose folder it lies; a key wins over a folder of the
 * same name. What is neither comes back as it is, for the server to refuse. @throws Failure for a path
 * that lies in no project, or in a repository inside a project that lab does not list, and
 * for a word that is nearly a key
 */
export function projectKey(
  named: string,
  projects: readonly Project[],
  context: CliContext,
): string {
  if (projects.some(({ key }) => key === named)) return named
  const place = real(absolutePath(named, context))
  const known = projects.map(({ key, path }) => ({ key, path: real(path) ?? path }))
  const holding = known
    .filter(({ path }) => place !== null && isWithin(place, path))
    .sort((a, b) => b.path.length - a.path.length)[0]
  const repository = place === null ? null : repositoryOf(place, holding?.path ?? null)
  if (repository !== null && holding) throw new Failure(nestedText(repository, holding.key))
  if (holding) return holding.key
  if (repository !== null) {
    const below = known.filter(({ path }) => isWithin(path, repository)).map(({ key }) => key)
    throw new Failure(unlistedText(repository, below))
  }
  if (/^\.{0,2}$|^~|\//.test(named)) {
    if (place === null) throw new Failure(`${named} does not exist.`)
    throw new Failure(
      `${named || 'An empty path'} is not in a project; \`lab ls\` shows the projects.`,
    )
  }
  const near = nearest(
    named,
    projects.map(({ key }) => key),
  )
  if (near === null) return named
  throw new Failure(`No project is called ${JSON.stringify(named)}; did you mean ${near}?`)
}

function nestedText(repository: string, key: string): string {
  const kind = stat(join(repository, '.git'))?.isFile()
    ? 'a git worktree or submodule'
    : 'a git repository of its own'
  return (
    `${repository} is ${kind} inside the project ${key}, and lab does not list what lies inside a project. ` +
    `Name ${key} to mean the project's own checkout, or make a symbolic link to the folder below the projects root: that makes it a project.`
  )
}

const keysShownMax = 5

function unlistedText(repository: string, below: readonly string[]): string {
  if (below.length === 0)
    return `${repository} is a git repository that lab does not list: it lies outside the projects root, or it has no checkout. \`lab ls\` shows the projects.`
  const more = below.length > keysShownMax ? ', …' : ''
  return `${repository} is a git repository without a checkout. The projects in it are ${below.slice(0, keysShownMax).join(', ')}${more}: name one.`
}

/** The innermost repository that holds a place, as git finds it; one at `end` or above counts as none. */
function repositoryOf(place: string, end: string | null): string | null {
  for (let folder = place; folder !== end; folder = dirname(folder)) {
    if (isRepository(folder)) return folder
    if (folder === dirname(folder)) return null
  }
  return null
}

/** Whether git would stop here on its way up: a `.git` file, or a `.git` folder with something in it. */
function isRepository(folder: string): boolean {
  const entry = stat(join(folder, '.git'))
  if (entry?.isFile()) return true
  return entry?.isDirectory() === true && exists(join(folder, '.git', 'HEAD'))
}

function isWithin(place: string, folder: string): boolean {
  return place === folder || place.startsWith(`${folder}${sep}`)
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function stat(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

function real(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}
