// The versions of state.json. The version rises only for a change that an older lab cannot read. A new
// key and a new kind of record are no such change: an older lab sets them aside and writes them back.
import { storeVersion, type Facts } from './facts.ts'

export type StoreFile = Readonly<Record<string, unknown>>
/** Turns the file of one version into the file of the next one. */
export type Migration = (file: StoreFile) => StoreFile

/** By the version that a migration starts from. */
const migrations: Readonly<Record<number, Migration>> = {}

/** Returns the file as one of this lab's version; null when its version is not one that a lab wrote. */
export function migrate(
  file: StoreFile,
  { steps = migrations, to = storeVersion } = {},
): StoreFile | null {
  const version = file['version']
  if (version === to) return file
  const step = typeof version === 'number' && version < to ? steps[version] : undefined
  return step ? migrate({ ...step(file), version: Number(version) + 1 }, { steps, to }) : null
}

/** Whether a newer lab wrote the file, in a version that this lab cannot read. */
export function isNewer({ version }: StoreFile): boolean {
  return typeof version === 'number' && version > storeVersion
}

/**
 * Gives a running instance without a tmux server the one that lab talked to last. A lab of version 1 that
 * knew one server for all instances wrote such records, and may write them again after a rollback.
 */
export function withServers(facts: Facts): Facts {
  const { server, instances } = facts
  if (server)
    for (const instance of instances)
      if (!instance.ended) instance.server ??= { pid: server.pid, start: null }
  return facts
}
