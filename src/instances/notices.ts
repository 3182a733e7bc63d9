// What the operator should know about this lab as a whole, each with its remedy.
import { remoteControlBlockers } from '../claude/launch.ts'
import type { Notice } from '../core/instance.ts'
import { ClaudeMissing, NotLoggedIn } from '../errors.ts'
import type { InstancesDeps } from './deps.ts'

/** Lists what is wrong now; empty when all is well. */
export function noticesOf(
  { claude, store, launch }: InstancesDeps,
  readable: boolean,
): readonly Notice[] {
  const notices: Notice[] = []
  const add = (code: string, message: string): void => void notices.push({ code, message })
  if (!readable)
    add(
      'tmux_unavailable',
      'tmux cannot be read, so the state of every instance is unknown. Nothing is stopped; lab goes on trying.',
    )
  if (claude.locate() === null) add('claude_missing', new ClaudeMissing(launch.command).message)
  else if (claude.login() === 'logged_out') add('not_logged_in', new NotLoggedIn().message)
  const blockers = remoteControlBlockers(launch.environment)
  if (blockers.length > 0)
    add(
      'environment_withheld',
      `${blockers.join(', ')} would switch Remote Control off, so agents are started without.`,
    )
  if (store.corruptKeptAt)
    add(
      'store_corrupt',
      `lab's store could not be read and was kept aside as ${store.corruptKeptAt}. Running instances were found again through tmux; ended ones and last uses are in that file.`,
    )
  return notices
}
