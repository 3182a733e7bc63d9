// Which branch each checkout is on.
import { inspectWorkspace } from '../../workspaces/workspace.ts'
import type { Ledger } from '../state/ledger.ts'

/** Reads the branch of each checkout once, however many instances share it; an unreadable disk changes none. */
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
