// One lab per tmux server: the lab that holds it is written on `_lab`.
import { UsageError } from '../errors.ts'
import { isRunning, type ProcessId } from '../processes.ts'
import type { Tmux } from './tmux.ts'

type HoldLog = (level: 'debug' | 'error', fields: object, message: string) => void

// tmux may be away or hang when lab starts; lab then shows what it knows and goes on asking.
const ownRetryMs = 2000

/** Writes this lab onto the tmux server. @throws UsageError naming another lab that holds it */
export async function holdServer(
  tmux: Tmux,
  self: ProcessId,
  log: HoldLog,
): Promise<{ stop: () => void }> {
  let timer: NodeJS.Timeout | undefined
  async function hold(): Promise<void> {
    const owner = await tmux.owner()
    const held =
      owner && owner.pid !== self.pid && isRunning({ pid: owner.pid, start: owner.procStart })
    if (held)
      throw new UsageError(
        `The tmux server (${tmux.argv.join(' ')}) is held by another lab (process ${owner.pid}). Stop that one, or give this one its own --tmux-socket.`,
      )
    await tmux.setOwner({ pid: self.pid, procStart: self.start })
  }
  function retry(): void {
    timer = setTimeout(() => {
      hold().catch((error: unknown) => {
        log('debug', { err: error }, 'tmux is still away')
        retry()
      })
    }, ownRetryMs)
  }
  try {
    await hold()
  } catch (error) {
    if (error instanceof UsageError) throw error
    log('error', { err: error }, 'tmux cannot be reached yet')
    retry()
  }
  return { stop: () => clearTimeout(timer) }
}
