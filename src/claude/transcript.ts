// The transcripts that Claude keeps of its conversations: only whether there is one.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ClaudePaths } from './paths.ts'

/**
 * Whether anything was said in a conversation: Claude writes its transcript with the first prompt, and
 * refuses to resume without one. False as well when the folder cannot be read.
 */
export function hasTranscript({ sessionsDir }: ClaudePaths, conversation: string): boolean {
  const root = join(dirname(sessionsDir), 'projects')
  try {
    return readdirSync(root).some((folder) =>
      existsSync(join(root, folder, `${conversation}.jsonl`)),
    )
  } catch {
    return false
  }
}
