// The configuration file while lab runs: read at the start, and again on SIGHUP.
import { parseConfigFile } from '../config/file.ts'
import { defaultPreferences, type Preferences } from '../core/settings.ts'
import { LabError, UsageError } from '../errors.ts'
import type { Log } from '../log.ts'
import { createQueue } from '../queue.ts'
import { readText } from '../read-file.ts'

export interface ConfigFile {
  /** What lab read last. */
  current(): Preferences
  /** Why lab could not use the file when it read it again, as a sentence; null when it could. */
  problem(): string | null
  /** Reads the file again. A bad file changes nothing but `problem`. Never rejects. */
  reload(log: Pick<Log, 'info' | 'warn'>): Promise<void>
}

/** Reads the file that --config names; without one, lab has the defaults. @throws UsageError */
export async function openConfigFile(path: string | null): Promise<ConfigFile> {
  let preferences = path === null ? defaultPreferences : await read(path)
  let problem: string | null = null
  // Two signals at once: the file as it is last counts.
  const readings = createQueue()

  async function readAgain(file: string, log: Pick<Log, 'info' | 'warn'>): Promise<void> {
    try {
      preferences = await read(file)
      problem = null
      log.info({ file }, 'lab has read the configuration file again')
    } catch (error) {
      problem = error instanceof LabError ? error.message : String(error)
      log.warn({ problem, file }, 'lab cannot use the configuration file and changes nothing')
    }
  }

  return {
    current: () => preferences,
    problem: () => problem,
    async reload(log) {
      if (path !== null) await readings.run(() => readAgain(path, log))
    },
  }
}

async function read(path: string): Promise<Preferences> {
  const text = await readText(path).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : message
    throw new UsageError(
      `lab cannot read --config ${path}: ${reason}. Name a JSON file that lab's user may read.`,
      { cause: error },
    )
  })
  return parseConfigFile(path, text)
}
