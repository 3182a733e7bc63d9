// One lab per tmux server: the lab that holds it is written on `_lab`.
import { UsageError } from '../errors.ts'
import type { Log } from '../log.ts'
import { argvOf, isRunning, type ProcessId } from '../processes/proc.ts'
import type { Owner, Tmux } from './tmux.ts'

// tmux may be away or hang when lab starts; lab then shows what it knows and goes on asking.
const ownRetryMs = 2000

/** Whether a holder is a lab that runs: the option can be set by hand, to any process at all. */
export function isLab({ pid, procStart }: Owner): boolean {
  if (!isRunning({ pid, start: procStart })) return false
  return argvOf(pid).some((word) => /(?:^|\/)lab(?:\.js)?$/.test(word))
}

/**
 * Writes this lab onto the tmux server; where tmux is away it goes on trying and calls `onTaken` when
 * another lab was first. @throws UsageError naming another lab that holds it
 */
export async function holdServer(
  tmux: Tmux,
  self: ProcessId,
  { log, onTaken }: { readonly log: Log; readonly onTaken: (error: UsageError) => void },
): Promise<{ stop: () => void }> {
  let timer: NodeJS.Timeout | undefined

  /** The holder whose place is free to take: none, this one, or a dead one. */
  async function holderToReplace(): Promise<Owner | null> {
    const owner = await tmux.owner()
    if (!owner || owner.pid === self.pid) return owner
    if (!isLab(owner)) return owner
    throw new UsageError(
      `The tmux server (${tmux.argv.join(' ')}) is held by another lab (process ${owner.pid}). Stop that one, or give this one its own --tmux-socket.`,
    )
  }

  async function hold(): Promise<void> {
    await tmux.setOwner({ pid: self.pid, procStart: self.start }, await holderToReplace())
  }

  function retry(): void {
    timer = setTimeout(() => {
      hold().catch((error: unknown) => {
        if (error instanceof UsageError) return onTaken(error)
        log.debug({ err: error }, 'tmux is still away')
        return retry()
      })
    }, ownRetryMs)
  }

  try {
    // Who was slower than another lab learns from the second look whose it is now.
    await hold().catch(hold)
  } catch (error) {
    if (error instanceof UsageError) throw error
    log.error({ err: error }, 'tmux cannot be reached yet')
    retry()
  }
  return { stop: () => clearTimeout(timer) }
}
