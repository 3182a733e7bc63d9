// The end of an instance: lab keeps its last lines, removes its session and finds what it left behind.
import type { Actor } from '../../core/actor.ts'
import type { End } from '../../core/instance.ts'
import { type EndReason, isLegalMove, type Exit } from '../../core/state.ts'
import type { ProcessId } from '../../processes/proc.ts'
import type { Conversations } from '../observe/conversation.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import { evidenceOf, lastLinesOf } from '../state/evidence.ts'
import { servingOf, type LeftBehind } from './left-behind.ts'
import type { Ledger } from '../state/ledger.ts'
import type { LaunchNotes } from '../../store/launch-notes.ts'
import { compareEnds } from '../state/project-list.ts'

export interface Conclusion {
  readonly reason: EndReason
  readonly exit: Exit
  readonly by: Actor
  /** The message when a process survived its SIGKILL; the end is then an error. */
  readonly failed?: string
  /** The processes that a stop left running because others run in them. */
  readonly serving?: readonly ProcessId[]
}

export interface Finish {
  /** Concludes an end that lab observed. When tmux fails, the next listing tries again. */
  begin(entry: Entry, end: { reason: EndReason; exit: Exit }): void
  /** Moves the instance to its end state and removes its session. */
  conclude(entry: Entry, conclusion: Conclusion): Promise<void>
}

// lab keeps this many ended instances of a project, the latest ones.
const endedMax = 20
const captureLines = 200

export interface FinishOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly notes: LaunchNotes
  readonly leftBehind: LeftBehind
  readonly conversations: Conversations
}

export function createFinish(options: FinishOptions): Finish {
  const { deps, ledger, notes, leftBehind, conversations } = options
  const { store, log, now } = deps

  async function conclude(entry: Entry, conclusion: Conclusion): Promise<void> {
    const { reason, by } = conclusion
    const lastLines = await screenOf(entry, deps)
    await conversations.takeLast(entry, lastLines)
    // While the store cannot be written, the dead pane must stay: the next lab learns of the end from it.
    if (reason === 'stopped' || !store.failure()) await removeSession(entry, deps)
    const at = new Date(now()).toISOString()
    const end = endOf(entry, conclusion, { at, lastLines, order: ledger.nextEnd() })
    const seen = { session: null, agent: null, isUnconfirmed: false, doubt: null }
    const { isLegal } = ledger.change(entry, {
      state: end.state,
      end,
      seen,
      by,
      reason,
      isReserved: false,
    })
    if (!isLegal) return
    forgetTheOldest(entry.spec.projectPath, ledger)
    const { id } = entry.launch
    // The store must have the end before the keeper's note goes, however long the disk takes.
    void store.written().then(() => notes.remove(id))
  }

  return {
    conclude,
    begin(entry, { reason, exit }) {
      finishOnce(entry, async () => {
        await conclude(entry, { reason, exit, by: 'nobody' })
        // Children may survive any end: setsid, nohup and ( & ) outlive their terminal, and an agent may
        // too. No request ended this instance, so the operator decides about them.
        await leftBehind.find(entry)
      }).catch((error: unknown) => {
        log.warn(
          { err: error, instance: entry.id },
          'lab could not conclude an end, and tries again',
        )
      })
    },
  }
}

/**
 * Runs the end of an instance in its queue, unless one is under way. Rejects as `work` does; the next
 * listing tries again.
 */
export async function finishOnce(entry: Entry, work: () => Promise<void>): Promise<void> {
  if (entry.isFinishing) return
  entry.isFinishing = true
  await entry.queue.run(work).finally(() => (entry.isFinishing = false))
}

async function screenOf(
  { id, seen }: Entry,
  { tmux, log }: InstancesDeps,
): Promise<readonly string[]> {
  const paneId = seen.session?.paneId
  if (!paneId) return []
  const lines = await tmux.capture(paneId, captureLines).catch((error: unknown) => {
    // The pane is gone already, with its server or by hand, and no lines are left to read.
    log.debug({ err: error, instance: id }, 'no last lines')
    return []
  })
  return lastLinesOf(lines)
}

/** Removes the session before lab publishes the end, so that a listener finds no trace of it in tmux. */
async function removeSession(
  { id, seen: { session } }: Entry,
  { tmux, log }: InstancesDeps,
): Promise<void> {
  if (!session) return
  await tmux.killPane({ paneId: session.paneId, id }).catch((error: unknown) =>
    // The next listing tries again.
    log.warn({ err: error, instance: id }, 'lab could not remove a session, and tries again'),
  )
}

function endOf(
  { state, launch: { parkedJobId } }: Entry,
  { reason, exit, by, failed, serving = [] }: Conclusion,
  { at, lastLines, order }: { at: string; lastLines: readonly string[]; order: number },
): End {
  const evidence = evidenceOf({ reason, exit, lastLines, by, at, parkedJobId })
  const isClean = !failed && (reason === 'stopped' || (exit.code === 0 && reason === 'exited'))
  return {
    state: isClean && isLegalMove(state, 'stopped') ? 'stopped' : 'error',
    at,
    evidence: failed ? { ...evidence, message: failed } : evidence,
    left: serving.map(servingOf),
    order,
    isDismissed: false,
  }
}

function forgetTheOldest(projectPath: string, ledger: Ledger): void {
  const ended = ledger
    .entries()
    .filter(({ end, spec }) => end && spec.projectPath === projectPath)
    .sort((a, b) => compareEnds(b, a))
  for (const entry of ended.slice(endedMax)) ledger.remove(entry)
}
