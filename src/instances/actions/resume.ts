// The use case resume: it continues an ended instance's conversation, by the launch path of a start.
import type { Actor } from '../../core/actor.ts'
import type { Instance, Outcome } from '../../core/instance.ts'
import { inspectWorkspace } from '../../workspaces/workspace.ts'
import type { Conversations } from '../observe/conversation.ts'
import { newLaunch, type Entry } from '../state/entry.ts'
import { firstSeen } from '../state/seen.ts'
import type { Launcher, LaunchOptions } from './launch.ts'
import { failedOutcome } from './outcome.ts'
import {
  findLeftovers,
  findProject,
  nextConversation,
  refuseIfLive,
  type ResumeOptions,
} from './resumable.ts'
import { launchIdOf } from './start.ts'

export interface Resume {
  /** Continues an ended instance's conversation under its id and label. */
  one(entry: Entry, by: Actor, options?: ResumeOptions): Promise<Instance>
  /** Continues several instances: it takes all places at once and launches a second apart. */
  all(entries: readonly Entry[], by: Actor, options?: ResumeOptions): Promise<readonly Outcome[]>
}

// Agents that refresh one login at the same moment can log each other out.
const apartMs = 1000

export function createResume(
  parts: LaunchOptions & { readonly launcher: Launcher; readonly conversations: Conversations },
): Resume {
  const { deps, ledger, projects, launcher, reaper, conversations } = parts
  const { homes, bootId } = deps

  /** Takes a place for an ended instance and returns the function that launches it. */
  async function reserve(
    entry: Entry,
    by: Actor,
    options: ResumeOptions = {},
  ): Promise<() => Promise<Instance>> {
    const { workspace, label } = entry.spec
    const { account, slot: slotWanted } = entry.launch
    refuseIfLive(entry, { ledger, homes })
    // The end of the instance may still be sweeping processes.
    await entry.queue.idle()
    const before = await findLeftovers(entry, reaper)
    const project = await findProject(entry, projects)
    const { branch } = await inspectWorkspace(workspace).catch(() => entry.seen)
    const admitted = await launcher.admit({ workspace, account, force: !!options.force })
    const transcript = await conversations.find(entry)
    // Checked again: without an `await` from here on, no other resume can come in between.
    refuseIfLive(entry, { ledger, homes })
    const conversation = nextConversation(entry, transcript, { ...options, homes })
    const { name, slot } = launcher.placeFor(project, { label: label ?? '', slotWanted })
    const asItWas = { ...entry }
    const id = launchIdOf(entry.id)
    const now = new Date(deps.now()).toISOString()
    ledger.change(entry, {
      launch: newLaunch({ id, name, slot, account, bootId, now }, conversation),
      seen: firstSeen(branch),
      end: null,
      state: 'starting',
      by,
      isReserved: true,
    })
    const undo = (): void => ledger.restore(entry, asItWas, by)
    const request = { ...admitted, entry, project, by, before, undo }
    return async () => {
      // A stop, and perhaps another resume, came before this launch had its turn.
      if (entry.state !== 'starting' || entry.launch.id !== id) return ledger.present(entry)
      return launcher.launch({ ...request, resume: transcript === 'there', what: 'resumed' })
    }
  }

  async function all(
    entries: readonly Entry[],
    by: Actor,
    options?: ResumeOptions,
  ): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    let delay = 0
    for (const entry of entries) {
      const { id } = entry
      const { name } = entry.launch
      try {
        const launchNow = await reserve(entry, by, options)
        setTimeout(() => void launchNow().catch(() => undefined), delay)
        delay += apartMs
        outcomes.push({ id, name: entry.launch.name, outcome: 'starting' })
      } catch (error) {
        outcomes.push(failedOutcome({ id, name }, error))
      }
    }
    return outcomes
  }

  return { one: async (entry, by, options) => (await reserve(entry, by, options))(), all }
}
