// Workspaces, in which instances run. lab prepares a workspace before a launch, and inspects it while the
// instance lives. So far `shared` is the only kind: the project's own checkout.
import { stat } from 'node:fs/promises'
import type { Workspace } from '../core/instance.ts'
import { ProjectGone } from '../errors.ts'
import { answerOf, Unreadable } from '../read-file.ts'
import { currentBranch } from './branch.ts'

/** The workspace that all instances of a project may share. */
export function sharedWorkspace(project: { readonly path: string }): Workspace {
  return { kind: 'shared', cwd: project.path }
}

export interface PreparedWorkspace {
  /** The folder that Claude must trust. */
  readonly trustedFolder: string
}

/** Makes a workspace ready for a launch. @throws ProjectGone when it has no folder, or its disk does not answer */
export async function prepareWorkspace({ cwd }: Workspace): Promise<PreparedWorkspace> {
  const found = await answerOf(`stat ${cwd}`, () => stat(cwd)).catch((error: unknown) => {
    throw new ProjectGone(cwd, { isSilent: error instanceof Unreadable })
  })
  if (!found.isDirectory()) throw new ProjectGone(cwd)
  return { trustedFolder: cwd }
}

/** Reads what changes in a workspace while an instance works. @throws Unreadable when its disk does not answer */
export async function inspectWorkspace({ cwd }: Workspace): Promise<{
  /** Null when no branch is checked out. */
  readonly branch: string | null
}> {
  return { branch: await currentBranch(cwd) }
}
