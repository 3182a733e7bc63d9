// Which branch each checkout is on.
import { currentBranch } from '../../projects/projects.ts'
import type { Ledger } from '../state/ledger.ts'

/** Reads the branch of each checkout once, however many instances share it; an unreadable disk changes none. */
export function readBranches(ledger: Ledger): void {
  for (const path of new Set(ledger.live().map(({ spec }) => spec.projectPath)))
    currentBranch(path).then(
      (branch) => {
        for (const entry of ledger.live())
          if (entry.spec.projectPath === path) ledger.change(entry, { seen: { branch } })
      },
      () => undefined,
    )
}
