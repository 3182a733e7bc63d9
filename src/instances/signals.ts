// What tmux, the keeper and the registry say of one instance at one moment. Pure.
import { exitOf, type Exit, type Signals } from '../core/state.ts'
import type { ListedSession } from '../tmux/tmux.ts'
import type { Entry } from './entry.ts'

/** Gathers the signals of an instance from its session, if it has one, and the keeper's note. */
export function signalsOf(
  entry: Entry,
  seen: {
    readonly session: ListedSession | undefined
    readonly note: Exit | null
    /** The server in which it was last seen. */
    readonly serverGone: boolean
    readonly now: number
  },
): Signals {
  const pane = seen.session?.pane
  const recorded = pane?.dead ? exitRecorded(pane) : null
  return {
    pane: paneSignal(pane, seen.serverGone),
    exit: seen.note ?? recorded,
    registry: entry.registry,
    dialog: entry.registry?.status ? null : entry.dialog,
    title: pane && lacksStatus(entry, seen.now) ? activityOfTitle(pane.title) : null,
    stopAsked: entry.stopAskedBy !== null,
    swept: false,
  }
}

function exitRecorded(pane: NonNullable<ListedSession['pane']>): Exit | null {
  if (pane.deadSignal !== null) return exitOf(128 + pane.deadSignal)
  return pane.deadStatus === null ? null : exitOf(pane.deadStatus)
}

function paneSignal(pane: ListedSession['pane'] | undefined, serverGone: boolean): Signals['pane'] {
  if (pane) return pane.dead ? 'dead' : 'alive'
  return serverGone ? 'server_gone' : 'absent'
}

// A version that writes a status writes it within 200 ms of its file.
const statusPatienceMs = 3000

/** Whether this is a version whose registry has no status at all, and not one that is about to write it. */
function lacksStatus({ registry }: Entry, now: number): boolean {
  return registry?.status === null && now - (registry.startedAt ?? 0) > statusPatienceMs
}

/** The agent's title as a fallback: `✳` is a quiet agent, a spinner's glyph a busy one. */
function activityOfTitle(title: string): 'busy' | 'quiet' | null {
  if (title.startsWith('✳')) return 'quiet'
  return /^[◐-◓⠀-⣿]/u.test(title) ? 'busy' : null
}
