// The observation of one instance at one moment, from tmux, the keeper and the registry. Pure.
import { decideLimit } from '../../core/limit.ts'
import { exitOf, type Exit, type Observation } from '../../core/state.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import type { Entry } from '../state/entry.ts'

/** Makes the observation of an instance from its session, if there is one, and the keeper's note. */
export function observationOf(
  entry: Entry,
  seen: {
    readonly session: ListedSession | undefined
    readonly note: Exit | null
    /** Whether the instance's tmux server is gone. */
    readonly serverGone: boolean
  },
): Observation {
  const pane = seen.session?.pane
  const recorded = pane?.dead ? exitRecorded(pane) : null
  return {
    pane: paneSignal(pane, seen.serverGone),
    exit: seen.note ?? recorded,
    ...heard(entry, pane),
    asked: askedByHook(entry),
    limit: limitOf(entry),
    stopAsked: entry.launch.stopAskedBy !== null,
    swept: false,
  }
}

// On a busy machine the record came 0.7 s after its hook. A refusal that is no limit has no such record.
const suspicionMs = 2000

/** The limit in the newest record of the transcript, as long as the agent does not work. */
function limitOf(entry: Entry): Observation['limit'] {
  const { registry, transcript, refusedAt } = entry.seen
  const status = isUnheard(entry) ? null : (registry?.status ?? null)
  const startedAt = Date.parse(entry.launch.startedAt)
  const now = Date.now()
  const decided = decideLimit(transcript?.limit ?? null, { status, startedAt, now })
  const isSuspected = refusedAt !== null && Math.abs(now - refusedAt) < suspicionMs
  return decided ?? (isSuspected && status === 'idle' ? 'suspected' : null)
}

/** The registry's words for the question of a waiting hook; null without one. */
function askedByHook({ seen: { question } }: Entry): string | null {
  // A question that lab reads from the screen has no tool, and the registry says it already.
  if (!question?.tool) return null
  return question.kind === 'question' ? 'input needed' : 'permission prompt'
}

/** The agent's own report: by its registry file, or without one by its title. */
function heard(
  entry: Entry,
  pane: ListedSession['pane'] | undefined,
): Pick<Observation, 'registry' | 'dialog' | 'title'> {
  const title = pane ? activityOfTitle(pane.title) : null
  if (isUnheard(entry)) {
    // A quiet title means nothing: it is the same while the agent waits for an answer.
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

// An agent that ends removes its file first, and may take 1.6 s for the rest. During a write a file reads
// as missing for some milliseconds.
const unheardMs = 3000

/** Whether the agent's registry file is gone for good: Claude does not write it again. */
export function isUnheard({ seen: { unheardSince } }: Entry): boolean {
  return unheardSince !== null && performance.now() - unheardSince > unheardMs
}

/** Why lab does not know what a living agent does, and what to do; null while lab knows. */
export function silenceOf(entry: Entry, { registry, dialog, title }: Observation): string | null {
  if (!isUnheard(entry) || registry?.parkedJobId || dialog || title === 'busy') return null
  return silence
}

const silence =
  "Claude's registry file of this agent is gone, and Claude does not write it again. lab does not know whether the agent is idle, works or waits for an answer. Attach to see its screen, or stop and resume it to get a new file."

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

/** Whether Claude's version writes no status at all, rather than being about to write one. */
function lacksStatus({ seen: { registry, statuslessSince } }: Entry): boolean {
  if (registry?.status !== null || statuslessSince === null) return false
  return performance.now() - statuslessSince > statusPatienceMs
}

/** The agent's title as a fallback: `✳` is a quiet agent, a spinner's glyph a busy one. */
function activityOfTitle(title: string): 'busy' | 'quiet' | null {
  if (title.startsWith('✳')) return 'quiet'
  return /^[◐-◓⠀-⣿]/u.test(title) ? 'busy' : null
}
