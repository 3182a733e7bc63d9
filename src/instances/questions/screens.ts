// The dialogs on the instances' screens, for what no hook tells.
import { readDialog, type ScreenDialog } from '../../claude/screen-dialog.ts'
import type { Question } from '../../core/question.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import { hasDialog, screenQuestion } from './screen-question.ts'

/** A dialog and its question, from one look; both null without a dialog. */
export interface OnScreen {
  readonly dialog: ScreenDialog | null
  readonly question: Question | null
}

export interface Screens {
  /** The question on the screen, as of the last look. Starts a look where that is too old. */
  current(entry: Entry): Question | null
  /** Reads the screen now: its dialog and the question in it. @throws what `capture` throws */
  read(entry: Entry): Promise<OnScreen>
  /** A hook took the answer: what is on the screen next may still be its dialog. */
  answered(entry: Entry): void
  /** What lab read is out of date; another dialog may follow at once. */
  forget(entry: Entry): void
  /** Forgets all other instances. */
  keepOnly(ids: ReadonlySet<string>): void
}

// A hook begins before its dialog is on the screen, and on a busy machine its file comes later.
const hookPatienceMs = 400
// One dialog may follow another without a word in the registry, as at a start.
const ageMs = 1500
// Claude takes 0.4 s to go on after an answer; on a busy machine longer.
const answeredMs = 4000
// A dialog with a long command fills more than half of a screen of 50 lines.
const screenLines = 60

/** What lab knows of one screen. The times are by `performance.now()`. */
interface Known {
  question: Question | null
  readAt: number
  isReading: boolean
  waitingSince: number | null
  answeredAt: number
}

const never = Number.NEGATIVE_INFINITY
const nothing: Readonly<Known> = {
  question: null,
  readAt: never,
  isReading: false,
  waitingSince: null,
  answeredAt: never,
}

/** `onRead` hears that a look has ended; `wake` asks for a listing. */
export function createScreens(options: {
  readonly deps: Pick<InstancesDeps, 'tmux' | 'log'>
  /** Whether the dialog is the one of a plan, which Claude's hook announces. */
  readonly isPlan: (entry: Entry) => boolean
  readonly onRead: (entry: Entry) => void
  readonly wake: () => void
}): Screens {
  const { deps, isPlan, onRead, wake } = options
  const byInstance = new Map<string, Known>()

  function knownOf({ id }: Entry): Known {
    const known = byInstance.get(id) ?? { ...nothing }
    byInstance.set(id, known)
    return known
  }

  async function read(entry: Entry): Promise<OnScreen> {
    const known = knownOf(entry)
    const paneId = entry.seen.session?.paneId
    const dialog = paneId ? readDialog(await deps.tmux.capture(paneId, screenLines)) : null
    known.readAt = performance.now()
    const found =
      dialog && screenQuestion(entry, dialog, { isPlan: isPlan(entry), now: Date.now() })
    // The same dialog read again keeps its time.
    if (found?.id !== known.question?.id) known.question = found
    return { dialog, question: known.question }
  }

  async function look(entry: Entry): Promise<void> {
    const known = knownOf(entry)
    if (known.isReading) return
    known.isReading = true
    await read(entry).catch((error: unknown) =>
      deps.log.debug({ err: error, instance: entry.id }, 'lab could not read a screen'),
    )
    known.isReading = false
    onRead(entry)
  }

  return {
    current(entry) {
      const known = knownOf(entry)
      const now = performance.now()
      if (!hasDialog(entry)) {
        known.question = known.waitingSince = null
        return null
      }
      known.waitingSince ??= now
      if (now - known.answeredAt < answeredMs) return null
      if (now - known.waitingSince < hookPatienceMs) setTimeout(wake, hookPatienceMs).unref()
      else if (now - known.readAt > ageMs) void look(entry)
      return known.question
    },
    read,
    forget: (entry) => void Object.assign(knownOf(entry), { question: null, readAt: never }),
    answered: (entry) => void (knownOf(entry).answeredAt = performance.now()),
    keepOnly(ids) {
      for (const id of byInstance.keys()) if (!ids.has(id)) byInstance.delete(id)
    },
  }
}
