// Checks the projects root when lab starts.
import { access, constants, stat } from 'node:fs/promises'
import { UsageError } from '../errors.ts'
import { answerOf, Unreadable } from '../read-file.ts'

/**
 * Accepts a folder that lab may read, or one on a silent disk: lab can still show and stop its instances.
 * @throws UsageError with the remedy
 */
export async function checkRoot(root: string): Promise<void> {
  try {
    const found = await answerOf(`stat ${root}`, () => stat(root))
    if (!found.isDirectory())
      throw new UsageError(
        `--projects-root ${root} is not a folder. Name the folder that holds your repositories.`,
      )
    await answerOf(`access ${root}`, () => access(root, constants.R_OK | constants.X_OK))
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof Unreadable) return
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(
      code === 'ENOENT'
        ? `--projects-root ${root} does not exist. Make it (mkdir -p ${root}) or name another folder.`
        : `lab cannot read --projects-root ${root} (${code}). Give lab's user the right to read it, or name another folder.`,
      { cause: error },
    )
  }
}
