// Opens the files and folders of lab's state directory. Each has its line here, with the moment at which
// the upkeep makes it again.
import { join } from 'node:path'
import { shim, shimName } from '../claude/hooks/shim.ts'
import { writeNow } from '../atomic-write.ts'
import { shellText } from '../core/text.ts'
import type { UsageError } from '../errors.ts'
import type { Log } from '../log.ts'
import { openNotifyFile, type NotifyFile } from '../notify/notify-file.ts'
import type { ProcessId } from '../processes/proc.ts'
import { openAuthSessions, type AuthSessions } from '../store/auth-sessions.ts'
import { openJournal, type Journal } from '../store/journal.ts'
import { openLaunchNotes, type LaunchNotes } from '../store/launch-notes.ts'
import { openSpool, type Spool } from '../store/spool.ts'
import { writeServerFile } from '../store/server-file.ts'
import { dropLinks, makeDir } from '../store/state-dir.ts'
import { openStore, type Store } from '../store/store.ts'
import { createUpkeep, openStateDir } from '../store/upkeep.ts'

export interface State {
  readonly path: string
  /** The file with the pids of lab's control clients of tmux. */
  readonly clientsFile: string
  /** Makes the missing parts now. @throws what the system says of the first failure */
  prepare(): Promise<void>
  /** Makes the folder for texts on their way to tmux. */
  makeBufferDir(): Promise<string>
  /** Opens the store. It calls `onHealth` when writing fails, and when it succeeds again. */
  openStore(onHealth: () => void): Promise<Store>
  openJournal(): Journal
  openLaunchNotes(onChange: Parameters<typeof openLaunchNotes>[1]): LaunchNotes
  /** Writes the programs on the agents' PATH: the one of their hooks, and lab itself, by the arguments that run it. */
  keepPrograms(lab: readonly string[]): void
  /** Opens the folder into which the agents' hooks write. */
  openSpool(onFile: Parameters<typeof openSpool>[1]): Spool
  openAuthSessions(): Promise<AuthSessions>
  /** Opens the file with the devices that lab notifies. */
  openNotifyFile(): NotifyFile
  /** Writes server.json, by which lab's commands find this lab; the result writes it again. */
  keepServerFile(facts: () => ServerFacts): Promise<() => Promise<void>>
  /** Stops the upkeep and frees the lock. */
  close(): void
}

type ServerFacts = Parameters<typeof writeServerFile>[1]

/** Opens the state directory for this process. @throws UsageError when another lab holds it or lab cannot use it */
export function openState(
  path: string,
  self: ProcessId,
  { log, onTaken }: { readonly log: Log; readonly onTaken: (error: UsageError) => void },
): State {
  const dir = openStateDir(path, self)
  dropLinks(path, log)
  const upkeep = createUpkeep(dir, { onTaken, log })
  return {
    path,
    clientsFile: join(path, 'tmux-clients.json'),
    prepare: () => upkeep.look(),
    async makeBufferDir() {
      const bufferDir = join(path, 'buffers')
      await upkeep.add('buffers', () => void makeDir(bufferDir), 'missing')
      return bufferDir
    },
    async openStore(onHealth) {
      const store = openLoggedStore(path, log, { prepare: () => dir.prepare(), onHealth })
      const write = (): Promise<void> => store.update(() => undefined)
      await upkeep.add('state.json', write, 'again')
      // Without the lock the disk takes nothing: the write fails, and the operator sees it at once.
      if (!dir.isHeld()) await write().catch(() => undefined)
      return store
    },
    openJournal: () => openJournal(path, log, () => dir.prepare()),
    openLaunchNotes(onChange) {
      const notes = openLaunchNotes(join(path, 'notes'), onChange)
      void upkeep.add('notes', () => notes.prepare(), 'always')
      return notes
    },
    keepPrograms: (lab) => void upkeep.add('bin', () => writePrograms(path, lab), 'start'),
    openSpool(onFile) {
      void upkeep.add('spool', () => void makeDir(join(path, 'spool')), 'missing')
      return openSpool(join(path, 'spool'), onFile)
    },
    async openAuthSessions() {
      const authSessions = await openAuthSessions(path, Date.now)
      await upkeep.add('sign-ins.json', () => authSessions.save(), 'missing')
      return authSessions
    },
    openNotifyFile() {
      const file = openNotifyFile(path, log, () => dir.prepare())
      void upkeep.add('push.json', () => file.save(), 'missing')
      return file
    },
    async keepServerFile(facts) {
      const write = (): Promise<void> => writeServerFile(path, facts())
      await upkeep.add('server.json', write, 'start')
      return write
    },
    close() {
      upkeep.close()
      dir.release()
    },
  }
}

/** Writes the programs. An agent that an older lab started runs the new ones from now on. */
function writePrograms(path: string, lab: readonly string[]): void {
  const bin = makeDir(join(path, 'bin'))
  writeNow(join(bin, shimName), shim, 0o700)
  writeNow(join(bin, 'lab'), `#!/bin/sh\nexec ${shellText(lab)} "$@"\n`, 0o700)
}

/** Opens the store, and logs what it cannot read, and when writing fails and succeeds again. */
function openLoggedStore(
  path: string,
  log: Log,
  { prepare, onHealth }: { readonly prepare: () => void; readonly onHealth: () => void },
): Store {
  const store = openStore({
    dir: path,
    now: () => new Date(),
    prepare,
    onHealth(failure) {
      if (failure) log.error({ err: failure }, 'lab cannot write the store, and tries again')
      else log.info('lab can write the store again')
      onHealth()
    },
  })
  if (store.corruptKeptAt)
    log.error({ keptAt: store.corruptKeptAt }, 'lab could not read the store and put it aside')
  for (const record of store.setAside)
    log.error(
      { ...record, path: store.path },
      'lab cannot read a record of the store; it stays there',
    )
  return store
}
