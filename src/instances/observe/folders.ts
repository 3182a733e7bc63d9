// Finds where the folder of each live agent is now, by the kernel, and which branch it has.
import { readlinkSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { MovedFolder } from '../../core/instance.ts'
import type { Projects } from '../../projects/projects.ts'
import { answerOf } from '../../read-file.ts'
import { inspectWorkspace } from '../../workspaces/workspace.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Overview } from '../state/overview.ts'

/** Publishes the projects after a scan, and where the folders of live agents are now. */
export function publishFound(ledger: Ledger, overview: Overview, projects: Projects): void {
  overview.publishProjects()
  lookAtFolders(ledger, projects)
}

/** Looks at every live agent's folder, and publishes a change when the disk has answered. */
export function lookAtFolders(ledger: Ledger, projects: Projects): void {
  for (const entry of ledger.live()) {
    const pid = entry.seen.session?.panePid
    const { cwd } = entry.spec.workspace
    const place = pid === undefined ? null : placeOf(pid)
    if (pid === undefined || place === null) continue
    if (place === cwd) setMoved(entry, null)
    else
      moveOf(cwd, pid, place).then(
        (moved) => setMoved(entry, moved),
        // A disk that does not answer does not show a move.
        () => undefined,
      )
  }

  function setMoved(entry: Entry, moved: MovedFolder | null): void {
    const before = entry.seen
    ledger.change(entry, { seen: { moved } })
    // The project has another path now, too.
    if (entry.seen !== before) projects.refresh()
  }
}

/** The working directory of a process as the kernel names it now. The read does not touch a disk. */
function placeOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return null
  }
}

const deletedMark = ' (deleted)'

/** The new place of the folder in which a process runs; null when `path` leads to it, also through a symbolic link. */
function moveOf(path: string, pid: number, place: string): Promise<MovedFolder | null> {
  return answerOf(`folder ${path} of ${pid}`, async () => {
    const now = await stat(`/proc/${pid}/cwd`)
    const then = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
      throw error
    })
    if (then?.ino === now.ino && then.dev === now.dev) return null
    const isRemoved = now.nlink === 0 || (then === null && place.endsWith(deletedMark))
    return { to: isRemoved ? null : place }
  })
}

/** Reads the branch of each checkout once for all its instances. An unreadable disk changes no branch. */
export function readBranches(ledger: Ledger): void {
  const workspaces = new Map(
    ledger.live().map(({ spec: { workspace } }) => [workspace.cwd, workspace]),
  )
  for (const workspace of workspaces.values())
    inspectWorkspace(workspace).then(
      ({ branch }) => {
        for (const entry of ledger.live())
          if (entry.spec.workspace.cwd === workspace.cwd) ledger.change(entry, { seen: { branch } })
      },
      () => undefined,
    )
}
