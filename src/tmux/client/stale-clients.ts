// The control clients that lab has open, written down by exact identity. One that outlives a killed lab
// may hang for ever, and then keeps a server that is told to end from ending: the next lab ends it.
import { isRunning, nameOf, readProcess, type ProcessId } from '../../processes/proc.ts'
import { readTextSync } from '../../read-file.ts'
import { writeNow } from '../../atomic-write.ts'

export interface StaleClients {
  /** Remembers a client that lab has opened; never throws. */
  opened(pid: number): void
}

/** Ends the clients that an earlier lab left, and starts a new list. lab runs on when it cannot write the file. */
export function openStaleClients(file: string): StaleClients {
  for (const left of readClients(file)) {
    try {
      // The file may hold any pid: lab ends only clients of tmux.
      if (isRunning(left) && nameOf(left.pid).startsWith('tmux: client'))
        process.kill(left.pid, 'SIGKILL')
    } catch {
      // The client has ended.
    }
  }
  const open: ProcessId[] = []
  return {
    opened(pid) {
      try {
        const client = readProcess(pid)
        if (!client) return
        // Two clients are open at a time; earlier ones have ended.
        open.splice(0, open.length, ...open.filter(isRunning), { pid, start: client.start })
        writeNow(file, `${JSON.stringify(open)}\n`)
      } catch {
        // The next lab then asks the server for its clients; a server answers unless it is ending.
      }
    },
  }
}

function readClients(file: string): readonly ProcessId[] {
  try {
    const list = JSON.parse(readTextSync(file)) as unknown
    return Array.isArray(list) ? list.filter(isProcessId) : []
  } catch {
    return []
  }
}

function isProcessId(value: unknown): value is ProcessId {
  const { pid, start } = (value ?? {}) as Partial<ProcessId>
  return typeof pid === 'number' && pid > 1 && typeof start === 'string'
}
