// The projects root as it must be when lab starts.
import { accessSync, constants, statSync } from 'node:fs'
import { UsageError } from '../errors.ts'

/** Passes when the root is a folder that lab may read. @throws UsageError with what to do instead */
export function checkRoot(root: string): void {
  try {
    if (!statSync(root).isDirectory())
      throw new UsageError(
        `--projects-root ${root} is not a folder. Name the folder that holds your repositories.`,
      )
    accessSync(root, constants.R_OK | constants.X_OK)
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(
      code === 'ENOENT'
        ? `--projects-root ${root} does not exist. Make it (mkdir -p ${root}) or name another folder.`
        : `--projects-root ${root} cannot be read (${code}).`,
      { cause: error },
    )
  }
}
