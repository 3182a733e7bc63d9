// Derives an instance's state from its observation by tmux, the keeper and Claude's registry. Pure.
import type { Limited } from './limit.ts'

/** The states. `stalled` is reserved: no move leads to it yet. */
export const states = [
  'starting',
  'ready',
  'busy',
  'waiting',
  'stopping',
  'stopped',
  'error',
  'limited',
  'stalled',
] as const
export type State = (typeof states)[number]

/** The states of an instance that has ended. */
export const endStates = ['stopped', 'error'] as const satisfies readonly State[]
export type EndState = (typeof endStates)[number]

/** Why an instance is no longer live. */
export const endReasons = [
  'exited',
  'signal',
  'start_failed',
  'stopped',
  'session_closed',
  'tmux_gone',
  'rebooted',
] as const
export type EndReason = (typeof endReasons)[number]

/** How a process ended: by an exit code or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** The latest report of each source about one instance. */
export interface Observation {
  /** By tmux: the agent's pane, or that its session or the whole server is gone. */
  readonly pane: 'alive' | 'dead' | 'absent' | 'server_gone'
  /** By the keeper's note, or else by tmux's own record of the dead pane. */
  readonly exit: Exit | null
  /** By Claude's registry; null until it names the agent. `status` is null where Claude's version writes none. */
  readonly registry: {
    readonly status: 'idle' | 'busy' | 'waiting' | 'shell' | null
    readonly waitingFor: string | null
    /** The job in Claude's own daemon that holds the session. Claude no longer updates the status then. */
    readonly parkedJobId: string | null
  } | null
  /** By the hook that waits for an answer, in the registry's words, which follow it; null without one. */
  readonly asked: string | null
  /**
   * By the transcript: the usage limit that the agent is at; null without one. `suspected` by a hook that
   * comes before the transcript's record, and before the registry says that the agent is idle.
   */
  readonly limit: Limited | 'suspected' | null
  /** A start-up dialog on the screen, by name. */
  readonly dialog: string | null
  /** By the pane's title, which counts only where the registry has no status. */
  readonly title: 'busy' | 'quiet' | null
  /** Whether an actor requested a stop. */
  readonly stopAsked: boolean
  /** Whether no process and no session of the instance is left. */
  readonly swept: boolean
}

export interface Derived {
  readonly state: State
  readonly waitingFor: string | null
  /** The end, if the instance ends with this move; else null. */
  readonly end: { readonly reason: EndReason; readonly exit: Exit } | null
}

const moves: Record<State, readonly State[]> = {
  starting: ['ready', 'busy', 'waiting', 'stopping', 'error'],
  ready: ['busy', 'waiting', 'limited', 'stopping', 'error', 'stopped'],
  busy: ['ready', 'waiting', 'limited', 'stopping', 'error', 'stopped'],
  waiting: ['ready', 'busy', 'limited', 'stopping', 'error', 'stopped'],
  stopping: ['stopped', 'error'],
  stopped: ['starting'],
  error: ['starting'],
  limited: ['ready', 'busy', 'waiting', 'stopping', 'error', 'stopped'],
  stalled: [],
}

/** Whether the state table allows the move. An instance may always stay in its state. */
export function isLegalMove(from: State, to: State): boolean {
  return from === to || moves[from].includes(to)
}

const noExit: Exit = { code: null, signal: null }

/** Derives the state that follows `from` by an observation. It never returns an illegal move. */
export function deriveState(
  from: State,
  waitingFor: string | null,
  observation: Observation,
): Derived {
  const stay = (): Derived => ({ state: from, waitingFor, end: null })
  if (from === 'stopped' || from === 'error') return stay()
  if (observation.stopAsked || from === 'stopping') {
    if (!observation.swept || from !== 'stopping')
      return { state: 'stopping', waitingFor: null, end: null }
    return ended('stopped', 'stopped', observation.exit)
  }
  if (observation.pane !== 'alive' || observation.exit) return endedByItself(from, observation)
  // A launch that begins is ready first, as the table says.
  const activity = activityOf(from === 'starting' ? { ...observation, limit: null } : observation)
  return activity ? { ...activity, end: null } : stay()
}

function ended(state: State, reason: EndReason, exit: Exit | null): Derived {
  return { state, waitingFor: null, end: { reason, exit: exit ?? noExit } }
}

function endedByItself(from: State, { pane, exit }: Observation): Derived {
  // The keeper's note outranks a missing session: it says how the agent ended before that.
  if (!exit) {
    if (pane === 'server_gone') return ended('error', 'tmux_gone', null)
    if (pane === 'absent') return ended('error', 'session_closed', null)
  }
  if (from === 'starting') return ended('error', 'start_failed', exit)
  if (exit?.signal) return ended('error', 'signal', exit)
  if (exit?.code === 0) return ended('stopped', 'exited', exit)
  return ended('error', 'exited', exit)
}

/** The `waitingFor` of a session in the background. Escape in its pane opens it there again. */
const parkedText = 'moved to the background; press Esc in it'

function activityOf({
  registry,
  asked,
  limit,
  dialog,
  title,
}: Observation): Omit<Derived, 'end'> | null {
  if (registry?.parkedJobId) return { state: 'waiting', waitingFor: parkedText }
  if (asked !== null && registry?.status !== 'waiting')
    return { state: 'waiting', waitingFor: asked }
  if (limit === 'suspected') return null
  if (limit) return { state: 'limited', waitingFor: limit.waitingFor }
  switch (registry?.status) {
    case 'waiting':
      return { state: 'waiting', waitingFor: registry.waitingFor ?? 'input needed' }
    case 'busy':
      return { state: 'busy', waitingFor: null }
    case 'idle':
    case 'shell':
      return { state: 'ready', waitingFor: null }
    case null:
    case undefined:
  }
  if (dialog) return { state: 'waiting', waitingFor: dialog }
  if (registry && title) return { state: title === 'busy' ? 'busy' : 'ready', waitingFor: null }
  return null
}

const signalNames: Record<number, string> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS',
  8: 'SIGFPE', 9: 'SIGKILL', 10: 'SIGUSR1', 11: 'SIGSEGV', 12: 'SIGUSR2', 13: 'SIGPIPE',
  14: 'SIGALRM', 15: 'SIGTERM', 24: 'SIGXCPU', 25: 'SIGXFSZ', 31: 'SIGSYS',
} // prettier-ignore

/** Reads a shell's exit status. POSIX shells report signal n as 128+n. */
export function exitOf(status: number): Exit {
  if (status > 128 && status < 128 + 65)
    return { code: null, signal: signalNames[status - 128] ?? `signal ${status - 128}` }
  return { code: status, signal: null }
}
