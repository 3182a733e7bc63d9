// One lab per tmux server: the lab that holds the server is written on lab's own session.
import { UsageError } from '../errors.ts'
import type { Log } from '../log.ts'
import { argvOf, isRunning, type ProcessId } from '../processes/proc.ts'
import { failureOf } from './client/reply.ts'
import type { ServerProgram } from './client/server-program.ts'
import { isHeld, type Ensured, type LabSession } from './lab-session.ts'
import type { Owner, Tmux } from './tmux.ts'

// tmux may be away or hang when lab starts; lab then shows what it knows and tries again.
const ownRetryMs = 2000

/** Whether a holder is a running lab: a person can set the option by hand, to any process at all. */
function isLab({ pid, procStart }: Owner): boolean {
  if (!isRunning({ pid, start: procStart })) return false
  return argvOf(pid).some((word) => /(?:^|\/)lab(?:\.js)?$/.test(word))
}

/**
 * Writes this lab onto the tmux server. While tmux is away, lab tries again every 2 s, and calls
 * `onTaken` when another lab was first. @throws UsageError naming another lab that holds the server
 */
export async function holdServer(
  tmux: Tmux,
  self: ProcessId,
  { log, onTaken }: { readonly log: Log; readonly onTaken: (error: UsageError) => void },
): Promise<{ stop: () => void }> {
  let timer: NodeJS.Timeout | undefined

  /** The holder that this lab may replace: none, this lab, or a lab that has ended. */
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
    // A lab that was slower than another one learns from the second look which lab holds the server.
    await hold().catch(hold)
  } catch (error) {
    if (error instanceof UsageError) throw error
    log.error({ err: error }, 'tmux cannot be reached yet')
    retry()
  }
  return { stop: () => clearTimeout(timer) }
}

/** This lab's claim on its server, as the adapter keeps it. */
export interface Claim {
  /** Writes the holder in the place of `instead` or of no holder, and starts the server if lab may. @throws as `Tmux.setOwner` */
  take(owner: Owner, instead: Owner | null): Promise<void>
  /**
   * Writes the holder again without starting a server, for a connection to attach to. The server may be a
   * new one, and another lab may have taken it first: that calls `onTaken`.
   */
  renew(): Promise<Ensured>
}

const notUnderstood = 'tmux and its server do not understand each other'

export function createClaim(deps: {
  readonly labSession: LabSession
  readonly program: ServerProgram
  readonly timeoutMs: number
  readonly onTaken: (() => void) | undefined
  readonly log: Log
}): Claim {
  const { labSession, program, timeoutMs, onTaken, log } = deps
  let holder: Owner | null = null
  return {
    async take(owner, instead) {
      holder = owner
      labSession.own(owner, instead)
      const ensured = await labSession.ensure({ mayStart: true })
      if (ensured.kind !== 'ok') throw failureOf('set-option', ensured, timeoutMs)
    },
    async renew() {
      await program.review()
      if (!program.mayConnect()) return { kind: 'unavailable', stderr: notUnderstood }
      const ensured = await labSession.ensure({})
      if (!isHeld(ensured)) return ensured
      const other = await labSession.owner()
      if (holder && other && !isLab(other)) {
        log.warn({ pid: other.pid }, '@lab_owner named a process that is not a lab')
        labSession.own(holder, other)
        return labSession.ensure({})
      }
      onTaken?.()
      return ensured
    },
  }
}
