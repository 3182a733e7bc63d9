// Observation → state. Pure: what tmux, the keeper and Claude's registry said last, in; the state, out.

/** `limited` and `stalled` are kept free for later; nothing here moves to them. */
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

/** How a process ended: one of the two is set. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** The latest word of each source about one instance. */
export interface Observation {
  /** tmux: the agent's pane, or that its session or the whole server is gone. */
  readonly pane: 'alive' | 'dead' | 'absent' | 'server_gone'
  /** The keeper's note, or else tmux's own record of the dead pane. */
  readonly exit: Exit | null
  /** Claude's registry; null until it names the agent, `status` null where the version has none. */
  readonly registry: {
    readonly status: 'idle' | 'busy' | 'waiting' | 'shell' | null
    readonly waitingFor: string | null
    /** Set once the session was moved into Claude's own daemon: the status is no longer kept then. */
    readonly parkedJobId: string | null
  } | null
  /** A start-up dialog recognised on the screen, by name. */
  readonly dialog: string | null
  /** The pane's title, used only where the registry has no status. */
  readonly title: 'busy' | 'quiet' | null
  /** A stop was asked for. */
  readonly stopAsked: boolean
  /** Nothing of the instance is left: no process, no session. */
  readonly swept: boolean
}

export interface Derived {
  readonly state: State
  readonly waitingFor: string | null
  /** Set exactly when the instance ends with this move. */
  readonly end: { readonly reason: EndReason; readonly exit: Exit } | null
}

const moves: Record<State, readonly State[]> = {
  starting: ['ready', 'busy', 'waiting', 'stopping', 'error'],
  ready: ['busy', 'waiting', 'stopping', 'error', 'stopped'],
  busy: ['ready', 'waiting', 'stopping', 'error', 'stopped'],
  waiting: ['ready', 'busy', 'stopping', 'error', 'stopped'],
  stopping: ['stopped', 'error'],
  stopped: ['starting'],
  error: ['starting'],
  limited: [],
  stalled: [],
}

/** Whether the state table allows the move; staying is no move and always allowed. */
export function isLegalMove(from: State, to: State): boolean {
  return from === to || moves[from].includes(to)
}

const noExit: Exit = { code: null, signal: null }

/** Derives the state that follows `from` once the signals are as given; never an illegal move. */
export function deriveState(from: State, waitingFor: string | null, signals: Observation): Derived {
  const stay = (): Derived => ({ state: from, waitingFor, end: null })
  if (from === 'stopped' || from === 'error') return stay()
  if (signals.stopAsked || from === 'stopping') {
    if (!signals.swept || from !== 'stopping')
      return { state: 'stopping', waitingFor: null, end: null }
    return ended('stopped', 'stopped', signals.exit)
  }
  if (signals.pane !== 'alive' || signals.exit) return endedByItself(from, signals)
  const activity = activityOf(signals)
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

/** What a session in the background waits for; Escape in its pane opens it there again. */
const parkedWords = 'moved to the background; press Esc in it'

function activityOf({ registry, dialog, title }: Observation): Omit<Derived, 'end'> | null {
  if (registry?.parkedJobId) return { state: 'waiting', waitingFor: parkedWords }
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

/** Reads a shell's exit status: 128+n is signal n, as POSIX shells report it. */
export function exitOf(status: number): Exit {
  if (status > 128 && status < 128 + 65)
    return { code: null, signal: signalNames[status - 128] ?? `signal ${status - 128}` }
  return { code: status, signal: null }
}
