// What tmux, the keeper and the registry say of one instance at one moment. Pure.
import { exitOf, type Exit, type Observation } from '../../core/state.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import type { Entry } from '../state/entry.ts'

/** Gathers the signals of an instance from its session, if it has one, and the keeper's note. */
export function observationOf(
  entry: Entry,
  seen: {
    readonly session: ListedSession | undefined
    readonly note: Exit | null
    /** The server in which it was last seen. */
    readonly serverGone: boolean
  },
): Observation {
  const pane = seen.session?.pane
  const recorded = pane?.dead ? exitRecorded(pane) : null
  return {
    pane: paneSignal(pane, seen.serverGone),
    exit: seen.note ?? recorded,
    ...heard(entry, pane),
    stopAsked: entry.launch.stopAskedBy !== null,
    swept: false,
  }
}

/** What the agent says of itself: by its registry file, or where that is missing by its title. */
function heard(
  entry: Entry,
  pane: ListedSession['pane'] | undefined,
): Pick<Observation, 'registry' | 'dialog' | 'title'> {
  const title = pane ? activityOfTitle(pane.title) : null
  if (isUnheard(entry)) {
    // A quiet title says nothing: it is the same while the agent waits for an answer.
    const { parkedJobId } = entry.launch
    const registry = { status: null, waitingFor: null, parkedJobId }
    return { registry, dialog: entry.seen.dialog, title: title === 'busy' ? title : null }
  }
  const { registry, dialog } = entry.seen
  return {
    registry,
    dialog: registry?.status ? null : dialog,
    title: lacksStatus(entry) ? title : null,
  }
}

// An agent that ends removes its file first, and may take 1.6 s for the rest; a file that is being
// written reads as none for some milliseconds.
const unheardMs = 3000

/** Whether its registry file is gone for good: Claude does not write one again. */
export function isUnheard({ seen: { unheardSince } }: Entry): boolean {
  return unheardSince !== null && performance.now() - unheardSince > unheardMs
}

/** Why nobody can tell what a living agent does, and what to do; null while something tells it. */
export function silenceOf(entry: Entry, { registry, dialog, title }: Observation): string | null {
  if (!isUnheard(entry) || registry?.parkedJobId || dialog || title === 'busy') return null
  return silence
}

const silence =
  "Claude's registry has no file about it any more, and Claude does not write one again: whether it is idle, works quietly or waits for an answer is not known. Its screen tells; a stop and a resume give it a new file."

function exitRecorded(pane: NonNullable<ListedSession['pane']>): Exit | null {
  if (pane.deadSignal !== null) return exitOf(128 + pane.deadSignal)
  return pane.deadStatus === null ? null : exitOf(pane.deadStatus)
}

function paneSignal(
  pane: ListedSession['pane'] | undefined,
  serverGone: boolean,
): Observation['pane'] {
  if (pane) return pane.dead ? 'dead' : 'alive'
  return serverGone ? 'server_gone' : 'absent'
}

// A version that writes a status writes it within 200 ms of its file.
const statusPatienceMs = 3000

/** Whether this is a version whose registry has no status at all, and not one that is about to write it. */
function lacksStatus({ seen: { registry, statuslessSince } }: Entry): boolean {
  if (registry?.status !== null || statuslessSince === null) return false
  return performance.now() - statuslessSince > statusPatienceMs
}

/** The agent's title as a fallback: `✳` is a quiet agent, a spinner's glyph a busy one. */
function activityOfTitle(title: string): 'busy' | 'quiet' | null {
  if (title.startsWith('✳')) return 'quiet'
  return /^[◐-◓⠀-⣿]/u.test(title) ? 'busy' : null
}
