// Folder trust in Claude's own configuration: the operator's tap on Start is the consent.
import { mkdir, realpath, rmdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaudeConfigInvalid, ClaudeConfigUnwritable } from '../errors.ts'
import { answerMs, answerOf, readText, Unreadable } from '../read-file.ts'
import { replaceFile } from '../atomic-write.ts'
import { createQueue } from '../queue.ts'
import { canonicalRoot } from './git-root.ts'

type Json = Record<string, unknown>

// One writer at a time within lab.
const writers = createQueue()

// Claude's lock and two reads that come late take less; only a disk that does not answer takes longer.
const seedMs = 5000

/**
 * Marks a folder as trusted and the onboarding as done. It keeps everything else in the file, and does not
 * write when both are set. @throws ClaudeConfigInvalid when the file is not a JSON object, and the file
 * stays; ClaudeConfigUnwritable when the file cannot be written, or its disk does not answer within 5 s
 */
export function seedTrust(configFile: string, folder: string): Promise<void> {
  const ask = (): Promise<void> => seedOnce(configFile, folder)
  // One question for the file: while one seed waits for the disk, the next does not wait as well.
  return writers.run(() =>
    answerOf(`seed ${configFile}`, ask, seedMs).catch((error: unknown) => {
      if (!(error instanceof Unreadable)) throw error
      throw new ClaudeConfigUnwritable(configFile, { cause: error })
    }),
  )
}

async function seedOnce(configFile: string, folder: string): Promise<void> {
  // Without Claude's lock lab may read a half-written file, so only the read under the lock reports an error.
  if (await isSeeded(configFile, folder).catch(() => false)) return
  // Claude makes its directory only once it runs. The write reports a failure of this.
  await mkdir(dirname(configFile), { recursive: true, mode: 0o700 }).catch(() => undefined)
  await withClaudesLock(configFile, () => seed(configFile, folder))
}

/**
 * The paths under which Claude may look a folder up: the path as given, its real path, and, for a linked
 * worktree, the root of its repository.
 */
async function namesOf(folder: string): Promise<readonly string[]> {
  async function ask(): Promise<readonly string[]> {
    const real = await realpath(folder).catch(() => folder)
    return [...new Set([folder, real, (await canonicalRoot(real)) ?? real])]
  }
  const names = answerOf(`trust names of ${folder}`, ask, answerMs, folder)
  return names.catch(() => [folder])
}

async function isSeeded(configFile: string, folder: string): Promise<boolean> {
  const { config } = await readConfig(configFile)
  const projects = asObject(config['projects'] ?? {}, configFile)
  return (
    config['hasCompletedOnboarding'] === true &&
    (await namesOf(folder)).every(
      (path) => asObject(projects[path] ?? {}, configFile)['hasTrustDialogAccepted'] === true,
    )
  )
}

async function seed(configFile: string, folder: string): Promise<void> {
  const { config, mode } = await readConfig(configFile)
  const projects = { ...asObject(config['projects'] ?? {}, configFile) }
  for (const path of await namesOf(folder)) {
    const project = asObject(projects[path] ?? {}, configFile)
    projects[path] = { ...project, hasTrustDialogAccepted: true }
  }
  const seeded = { ...config, hasCompletedOnboarding: true, projects }
  // `replaceFile` follows a symlink, such as one into a dotfiles repository, and keeps the link.
  await replaceFile(configFile, `${JSON.stringify(seeded, null, 2)}\n`, { mode }).catch(
    (error: unknown) => {
      throw new ClaudeConfigUnwritable(configFile, { cause: error })
    },
  )
}

// Claude guards its rewrites with a lock directory next to the file. A lock older than this is stale.
const lockStaleMs = 10_000
const lockWaitMs = 500

/** Acts under Claude's own lock, or after a wait without it, so that a start does not hang. */
async function withClaudesLock(configFile: string, act: () => Promise<void>): Promise<void> {
  const lock = `${configFile}.lock`
  const deadline = performance.now() + lockWaitMs
  let locked = false
  while (!locked && performance.now() < deadline) {
    locked = await mkdir(lock).then(
      () => true,
      () => false,
    )
    if (locked) break
    // A lock that is gone now counts as new: another process may have taken the lock again.
    const madeAt = (await stat(lock).catch(() => null))?.mtimeMs ?? Date.now()
    if (Date.now() - madeAt > lockStaleMs) await rmdir(lock).catch(() => undefined)
    await sleep(10)
  }
  try {
    await act()
  } finally {
    if (locked) await rmdir(lock).catch(() => undefined)
  }
}

// The file grows with every project. Files of a few megabytes exist.
const configBytesMax = 64 * 1024 * 1024

async function readConfig(configFile: string): Promise<{ config: Json; mode: number }> {
  let text: string
  try {
    text = await readText(configFile, { bytesMax: configBytesMax })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { config: {}, mode: 0o600 }
    throw new ClaudeConfigInvalid(configFile, { cause: error })
  }
  const { mode } = await stat(configFile)
  try {
    return { config: asObject(JSON.parse(text), configFile), mode: mode & 0o777 }
  } catch (error) {
    throw new ClaudeConfigInvalid(configFile, { cause: error })
  }
}

function asObject(value: unknown, configFile: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new ClaudeConfigInvalid(configFile)
}
