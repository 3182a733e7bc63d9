// Why an instance ended, as a sentence. Pure.
import type { Actor } from '../../core/actor.ts'
import type { Evidence } from '../../core/instance.ts'
import type { EndReason, Exit } from '../../core/state.ts'

/** Makes the evidence of an end from its reason, its exit and the last lines. */
export function evidenceOf(options: {
  readonly reason: EndReason
  readonly exit: Exit
  readonly lastLines: readonly string[]
  readonly by: Actor
  readonly at: string
  /** The job in Claude's background that holds the agent's session. */
  readonly parkedJobId?: string | null
}): Evidence {
  const { reason, exit, lastLines, by, at, parkedJobId = null } = options
  const parked =
    parkedJobId === null
      ? ''
      : ` Claude had moved it to its background (${parkedJobId}): a resume loses the messages there.`
  return {
    reason,
    message: `${sentence(reason, exit)}${parked}`,
    exitCode: exit.code,
    signal: exit.signal,
    lastLines,
    by,
    at,
  }
}

function sentence(reason: EndReason, exit: Exit): string {
  const how = exit.signal
    ? `was ended by ${exit.signal}`
    : exit.code === null
      ? 'ended'
      : `ended with exit status ${exit.code}`
  switch (reason) {
    case 'stopped':
      return 'It was stopped.'
    case 'start_failed':
      return `The agent ${how} before it was ready.`
    case 'exited':
    case 'signal':
      return `The agent ${how}.`
    case 'session_closed':
      return 'Its tmux pane was closed, or given to another program, outside of lab.'
    case 'tmux_gone':
      return 'The tmux server that it ran in is gone.'
    case 'rebooted':
      return 'The machine was restarted while it ran.'
  }
}

// 40 lines show the cause, and the store can keep them for twenty ended instances of each project.
const linesMax = 40
const lineCharsMax = 8000

/** The end of a screen: at most 40 lines, trailing blank ones dropped. */
export function lastLinesOf(lines: readonly string[]): readonly string[] {
  let end = lines.length
  while (end > 0 && lines[end - 1]!.trim() === '') end--
  return lines.slice(Math.max(0, end - linesMax), end).map((line) => line.slice(-lineCharsMax))
}
