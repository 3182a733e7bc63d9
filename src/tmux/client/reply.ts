// What a tmux client answers, and what its error lines mean. Pure.
import { TmuxFailed, TmuxTimeout, TmuxUnavailable, type LabError } from '../../errors.ts'
import type { Command } from './quote.ts'

/**
 * `no-server`: nothing listens on the socket. `gone`: the server says that the target is not there.
 * `unavailable`: there may be a server, and it cannot be read. `timeout`: no answer, effect unknown.
 */
export type Reply =
  | { readonly kind: 'ok'; readonly lines: readonly string[] }
  | {
      readonly kind: 'no-server' | 'gone' | 'failed' | 'unavailable' | 'timeout'
      readonly stderr: string
      /** What the commands before the one that failed had answered, as far as it is known. */
      readonly lines?: readonly string[]
    }

export interface RunOptions {
  /** A missing server may be started, where it is lab's to start. */
  readonly mayStart?: boolean
  /** The commands make or end a session. */
  readonly changesSessions?: boolean
}

/** Runs commands in order, as one line, until one fails; never rejects. */
export type Run = (commands: readonly Command[], options?: RunOptions) => Promise<Reply>

/**
 * Reads tmux's own error line. Only the listed sentences mean that something is absent; a socket
 * that refuses us, or a server that went away meanwhile, proves nothing about what runs.
 */
export function classify(stderr: string): Exclude<Reply['kind'], 'ok' | 'timeout'> {
  if (/^no server running on /m.test(stderr)) return 'no-server'
  if (/^error connecting to .* \((?:No such file or directory|Connection refused)\)$/m.test(stderr))
    return 'no-server'
  // "no current target" is how a server without any session answers a listing.
  if (
    /^(?:no current target$|can't find (?:session|window|pane)\b|no such (?:session|pane): )/m.test(
      stderr,
    )
  )
    return 'gone'
  if (
    /^(?:error connecting to |access not allowed|lost server|server exited|directory .* has unsafe permissions|couldn't create |protocol version mismatch)/m.test(
      stderr,
    )
  )
    return 'unavailable'
  return 'failed'
}

/** The error that a caller sees for a reply that is not `ok`. */
export function failureOf(
  subcommand: string,
  reply: Exclude<Reply, { kind: 'ok' }>,
  timeoutMs: number,
): LabError {
  const reason = reply.stderr || 'tmux gave no reason'
  if (reply.kind === 'timeout') return new TmuxTimeout(subcommand, timeoutMs)
  if (reply.kind === 'no-server' || reply.kind === 'unavailable') return new TmuxUnavailable(reason)
  return new TmuxFailed(subcommand, reason)
}
