// The use case resume: an ended instance's conversation goes on, through the launch path of a start.
import type { Actor } from '../../core/actor.ts'
import type { Instance, Outcome } from '../../core/instance.ts'
import { inspectWorkspace } from '../../workspaces/workspace.ts'
import type { Conversations } from '../observe/conversation.ts'
import { firstSeen, newLaunch, type Entry } from '../state/entry.ts'
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
  /** Continues several: places are taken at once, the launches follow a second apart. */
  all(entries: readonly Entry[], by: Actor, options?: ResumeOptions): Promise<readonly Outcome[]>
}

// Several agents that refresh one login in the same moment have logged each other out.
const apartMs = 1000

export function createResume(
  parts: LaunchOptions & { readonly launcher: Launcher; readonly conversations: Conversations },
): Resume {
  const { deps, ledger, projects, launcher, reaper, conversations } = parts
  const { homes, bootId } = deps

  /** Takes a place for an ended instance; the returned function launches it. */
  async function reserve(
    entry: Entry,
    by: Actor,
    options: ResumeOptions = {},
  ): Promise<() => Promise<Instance>> {
    const { workspace, label } = entry.spec
    const { account, slot: slotWanted } = entry.launch
    refuseIfLive(entry, { ledger, homes })
    // What ended it may still be sweeping.
    await entry.queue.idle()
    const before = await findLeftovers(entry, reaper)
    const project = await findProject(entry, projects)
    const { branch } = await inspectWorkspace(workspace).catch(() => entry.seen)
    const admitted = await launcher.admit({ workspace, account, force: !!options.force })
    const transcript = await conversations.find(entry)
    // Asked again: from here on nobody can come in between.
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
      // Stopped, and perhaps resumed again, before its turn came: this launch is over.
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
