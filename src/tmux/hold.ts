// One lab per tmux server: the lab that holds it is written on `_lab`.
import { UsageError } from '../errors.ts'
import { isRunning, type ProcessId } from '../processes.ts'
import type { Tmux } from './tmux.ts'

type HoldLog = (level: 'debug' | 'error', fields: object, message: string) => void

// tmux may be away or hang when lab starts; lab then shows what it knows and goes on asking.
const ownRetryMs = 2000

/**
 * Writes this lab onto the tmux server; where tmux is away it goes on trying and calls `onTaken` when
 * another lab was first. @throws UsageError naming another lab that holds it
 */
export async function holdServer(
  tmux: Tmux,
  self: ProcessId,
  { log, onTaken }: { readonly log: HoldLog; readonly onTaken: (error: UsageError) => void },
): Promise<{ stop: () => void }> {
  let timer: NodeJS.Timeout | undefined

  async function refuseAnother(): Promise<void> {
    const owner = await tmux.owner()
    if (!owner || owner.pid === self.pid) return
    if (!isRunning({ pid: owner.pid, start: owner.procStart })) return
    throw new UsageError(
      `The tmux server (${tmux.argv.join(' ')}) is held by another lab (process ${owner.pid}). Stop that one, or give this one its own --tmux-socket.`,
    )
  }

  async function hold(): Promise<void> {
    await refuseAnother()
    await tmux.setOwner({ pid: self.pid, procStart: self.start })
    // Two that looked in the same moment both wrote; the one that was overwritten gives way.
    await refuseAnother()
  }

  function retry(): void {
    timer = setTimeout(() => {
      hold().catch((error: unknown) => {
        if (error instanceof UsageError) return onTaken(error)
        log('debug', { err: error }, 'tmux is still away')
        return retry()
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
