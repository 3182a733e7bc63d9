// Finds the transcript of a conversation, and whether Claude has one.
import { access, lstat, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { answerOf } from '../read-file.ts'
import type { ClaudePaths } from './paths.ts'

/**
 * `there` means that Claude can continue the conversation: it writes the transcript with the first
 * prompt, refuses to resume without one, and removes it 30 days after its last use. `unreadable` means
 * that lab could not look everywhere, or had no answer within a second.
 */
export type TranscriptState = 'there' | 'none' | 'unreadable'

// The end of an instance waits for the answer, so a silent disk must not delay it long.
const answerMs = 1000

/** The folder that holds the transcripts of every project. */
export function transcriptsDir({ sessionsDir }: ClaudePaths): string {
  return join(dirname(sessionsDir), 'projects')
}

export interface FoundTranscript {
  readonly state: TranscriptState
  /** The file of a transcript that is there, else null. */
  readonly path: string | null
}

const unreadable: FoundTranscript = { state: 'unreadable', path: null }

/** Looks for a conversation's transcript in the folders of all projects. Never rejects. */
export async function findTranscript(
  paths: ClaudePaths,
  conversation: string,
): Promise<FoundTranscript> {
  const root = transcriptsDir(paths)
  const name = `${conversation}.jsonl`
  const asked = answerOf(`find ${name} in ${root}`, () => search(root, name), answerMs)
  return asked.catch(() => unreadable)
}

async function search(root: string, name: string): Promise<FoundTranscript> {
  let folders: readonly string[]
  try {
    folders = await readdir(root)
  } catch (error) {
    // The target of a broken link may come back, so a broken link does not mean that there is none.
    const isLink = await lstat(root).then(
      () => true,
      () => false,
    )
    return codeOf(error) === 'ENOENT' && !isLink ? { state: 'none', path: null } : unreadable
  }
  let state: TranscriptState = 'none'
  for (const folder of folders)
    try {
      const path = join(root, folder, name)
      await access(path)
      return { state: 'there', path }
    } catch (error) {
      const code = codeOf(error)
      if (code !== 'ENOENT' && code !== 'ENOTDIR') state = 'unreadable'
    }
  return { state, path: null }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
