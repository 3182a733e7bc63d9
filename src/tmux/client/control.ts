// The control client: two links to lab's own session, one for pane text and one for all other
// calls. While a connection is down, each call spawns a tmux, and the next good call reconnects.
import { createInterlock } from './interlock.ts'
import { createLink, type LinkOptions } from './link.ts'
import type { Run } from './reply.ts'

/** `wake` follows the connection that is not for pane text; `spawned` also ends what a killed lab left. */
export type ControlOptions = Omit<LinkOptions, 'label' | 'interlock' | 'isWanted'>

export interface Control {
  readonly run: Run
  /** For pane text: a pane that prints a forged answer can disturb only this connection. */
  readonly captureRun: Run
  /** Connects and from then on keeps trying; resolves when both connections are up or have failed once. */
  connect(): Promise<void>
  close(): Promise<void>
}

/**
 * Ends the connections of a lab that was killed: tmux keeps a control client whose reader is gone as
 * long as tmux has output for it, and that output never ends.
 */
async function endStale(spawned: Run): Promise<void> {
  // A person can write any text into @lab_self, so it comes last and cannot move the pid.
  const format = '#{client_control_mode} #{client_pid} #{@lab_self}'
  const reply = await spawned([['list-clients', '-F', format]])
  if (reply.kind !== 'ok') return
  for (const line of reply.lines) {
    const [isControl, pid, isSelf] = line.split(' ')
    if (isControl !== '1' || isSelf !== '1' || !Number(pid)) continue
    try {
      process.kill(Number(pid), 'SIGTERM')
    } catch {
      // The client has ended, or belongs to another user.
    }
  }
}

/** Makes a control client that is down until `connect`. */
export function createControl(options: ControlOptions): Control {
  let isWanted = false
  const interlock = createInterlock()
  const link = (wake: () => void, label: string) =>
    createLink({ ...options, wake, label, interlock, isWanted: () => isWanted })
  const main = link(options.wake, 'main')
  const captures = link(() => {}, 'capture')
  return {
    run: main.run,
    captureRun: captures.run,
    async connect() {
      if (!isWanted) await endStale(options.spawned)
      isWanted = true
      await Promise.all([main.connect(), captures.connect()])
    },
    async close() {
      isWanted = false
      await Promise.all([main.close(), captures.close()])
    },
  }
}
