// Durable facts in one JSON file: those that neither tmux nor Claude nor git has after a restart.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError, type StoreUnwritable } from '../errors.ts'
import { readTextSync } from '../read-file.ts'
import { storeVersion, type Facts } from './facts.ts'
import { isNewer, migrate } from './migrations.ts'
import { readRecords, type Records, type SetAside } from './records.ts'
import { isObject } from './unknown-keys.ts'
import { createWriter, type Writer } from './writer.ts'

export interface Store extends Omit<Writer, 'changed'> {
  /** The facts in memory; change them only through `update`. */
  readonly facts: Facts
  /** Where lab put an unreadable file aside at the start; null normally. */
  readonly corruptKeptAt: string | null
  /** The records that lab could not read at the start; the file keeps each of them unchanged. */
  readonly setAside: readonly SetAside[]
  /** The file. */
  readonly path: string
  /** Changes the facts at once and resolves when they are on disk. @throws StoreUnwritable; memory keeps the change */
  update(change: (facts: Facts) => void): Promise<void>
}

/**
 * Reads the store of a state directory. It sets an unreadable file aside, and each unreadable record. It
 * calls `prepare` before each write, and `onHealth` when writing begins to fail and when it works again.
 * @throws UsageError when a newer lab wrote the file
 */
export function openStore(options: {
  dir: string
  now: () => Date
  prepare?: () => void
  onHealth?: (failure: StoreUnwritable | null) => void
}): Store {
  const { dir, now, prepare = () => undefined, onHealth = () => undefined } = options
  const path = join(dir, 'state.json')
  const read = readStore(path)
  const records = read ?? readRecords({ instances: [] })!
  const { facts, setAside } = records
  const aside = `${path}.corrupt-${now().toISOString().replaceAll(':', '')}`
  let isAside = read !== null

  /** Moves an unreadable file away, so that no write replaces it. */
  function putAside(): void {
    if (!isAside) renameSync(path, aside)
    isAside = true
  }

  const writer = createWriter({
    path,
    text: () => `${JSON.stringify(records.fileOf(facts), null, 1)}\n`,
    prepare() {
      prepare()
      putAside()
    },
    onHealth,
  })
  try {
    putAside()
  } catch {
    // The disk takes nothing now. The first write puts the file aside.
  }
  return {
    ...writer,
    facts,
    corruptKeptAt: read ? null : aside,
    setAside,
    path,
    update(change) {
      change(facts)
      records.forgetRemoved(facts)
      return writer.changed()
    },
  }
}

// Twenty ended instances of a project are kept, with 40 long lines each at most.
const bytesMax = 256 * 1024 * 1024

/** Reads the records of the file; null when lab cannot read it. @throws UsageError when a newer lab wrote it */
function readStore(path: string): Records | null {
  let file: unknown
  try {
    file = JSON.parse(readTextSync(path, bytesMax))
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return isMissing ? readRecords({ instances: [] }) : null
  }
  if (!isObject(file)) return null
  if (isNewer(file))
    throw new UsageError(
      `${path} has version ${String(file['version'])}, which a newer lab wrote; this lab reads versions up to ${storeVersion}. Start the newer lab, or give this one its own --state-dir. lab did not change the file.`,
    )
  const migrated = migrate(file)
  return migrated && readRecords(migrated)
}
