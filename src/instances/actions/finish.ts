// The end of an instance: its last lines are kept, its session removed, what it left behind told.
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
import { releaseWorkspace } from '../../workspaces/workspace.ts'
import { compareEnds } from '../state/project-list.ts'

export interface Ending {
  readonly reason: EndReason
  readonly exit: Exit
  readonly by: Actor
  /** Something lived on although it was killed: the end is an error. */
  readonly failed?: string
  /** What a stop spared, because others run in it. */
  readonly serving?: readonly ProcessId[]
}

export interface Finish {
  /** Looks into an end that was seen, once; when tmux fails meanwhile, the next sighting tries again. */
  begin(entry: Entry, end: { reason: EndReason; exit: Exit }): void
  /** Moves the instance to its end and removes what is left of its session. */
  conclude(entry: Entry, ending: Ending): Promise<void>
}

// The oldest ended instances of a project go first.
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

  async function conclude(entry: Entry, ending: Ending): Promise<void> {
    const { reason, by } = ending
    const lastLines = await screenOf(entry, deps)
    await conversations.takeLast(entry, lastLines)
    // Until the death can be written down, the dead pane is what tells the next lab of it.
    if (reason === 'stopped' || !store.failure()) await removeSession(entry, deps)
    const at = new Date(now()).toISOString()
    const end = endOf(entry, ending, { at, lastLines, order: ledger.nextEnd() })
    const seen = { session: null, agent: null, isUnconfirmed: false, doubt: null }
    const { isLegal } = ledger.change(entry, { state: end.state, end, seen, by, reason })
    if (!isLegal) return
    releaseWorkspace(entry.spec.workspace)
    forgetTheOldest(entry.spec.projectPath, ledger)
    const { id } = entry.launch
    // The note goes only once the store tells the same, however long that takes.
    void store.written().then(() => notes.remove(id))
  }

  return {
    conclude,
    begin(entry, { reason, exit }) {
      finishOnce(entry, async () => {
        await conclude(entry, { reason, exit, by: 'nobody' })
        // After any end children may live on: setsid, nohup and ( & ) survive their terminal, and so
        // may an agent. Nobody asked for this end, so what to do with them is the operator's to say.
        await leftBehind.find(entry)
      }).catch((error: unknown) => {
        log.warn({ err: error, instance: entry.id }, 'an end could not be looked into yet')
      })
    },
  }
}

/**
 * Runs a stop or the look into an end in the instance's turn, unless one is under way. A failure is the
 * caller's to log; the next listing tries again.
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
    // The pane went first, with its server or by hand: then there is nothing to read.
    log.debug({ err: error, instance: id }, 'no last lines')
    return []
  })
  return lastLinesOf(lines)
}

/** Removes the session before the end is published: a listener finds nothing of the instance in tmux. */
async function removeSession(
  { id, seen: { session } }: Entry,
  { tmux, log }: InstancesDeps,
): Promise<void> {
  if (!session) return
  await tmux.killPane({ paneId: session.paneId, id }).catch((error: unknown) =>
    // The next listing tries again.
    log.warn({ err: error, instance: id }, 'a session could not be removed yet'),
  )
}

function endOf(
  { state, launch: { parkedJobId } }: Entry,
  { reason, exit, by, failed, serving = [] }: Ending,
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
