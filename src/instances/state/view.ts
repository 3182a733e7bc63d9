// The view of an instance: the contract's Instance.
import { isLive, tmuxUnreadable, type Instance } from '../../core/instance.ts'
import type { ProjectKey } from '../../core/names.ts'
import type { Entry } from './entry.ts'

// Claude may take 30 s to connect, so lab shows a link as unavailable only after that.
const linkPatienceMs = 30_000

/** Makes the view. A live instance is `unknown` while lab cannot read tmux, or while tmux contradicts the processes. */
export function present(
  entry: Entry,
  context: {
    readonly key: ProjectKey | null
    readonly readable: boolean
    readonly attach: readonly string[]
  },
): Instance {
  const live = isLive(entry.state)
  const { id, since, launch, seen, end } = entry
  const { label, projectPath, projectKey, kind, workspace, createdAt } = entry.spec
  const { model, effort, mode } = entry.spec
  const { name, slot, conversation } = launch
  const { registry } = seen
  const unknownBecause = live ? whyUnknown(entry, context.readable) : null
  return {
    id,
    name,
    slot,
    label,
    projectPath,
    since,
    conversation,
    model,
    effort,
    mode,
    project: context.key ?? projectKey,
    kind,
    state: unknownBecause === null ? entry.state : 'unknown',
    unknownBecause,
    waitingFor: entry.waitingFor,
    ...limitOf(entry),
    question: live ? seen.question : null,
    doing: live ? doingOf(entry) : null,
    unread: live && seen.isUnread,
    background: live && registry?.status === 'shell',
    ...linkOf(entry, live),
    isBlank: live && launch.isBlank,
    account: launch.account,
    workspace: {
      kind: workspace.kind,
      path: workspace.cwd,
      branch: seen.branch,
      moved: live ? seen.moved : null,
    },
    pid: live ? (seen.agent?.pid ?? null) : null,
    attached: live ? seen.attached : 0,
    attach: live ? context.attach : [],
    memoryBytes: live ? seen.memoryBytes : null,
    createdAt,
    lastActivityAt: registry?.updatedAt ? new Date(registry.updatedAt).toISOString() : null,
    endedAt: end?.at ?? null,
    evidence: end?.evidence ?? (entry.state === 'starting' ? seen.startupWarning : null),
    left: (end?.left ?? []).map(({ pid, command, servesOthers }) => ({
      pid,
      command,
      servesOthers,
    })),
    dismissed: end?.isDismissed ?? false,
  }
}

function doingOf({ state, seen: { transcript } }: Entry): string | null {
  // A process that was killed leaves the use of a tool without its result.
  const isIdle = state === 'starting' || state === 'ready' || state === 'limited'
  return (isIdle ? null : transcript?.tool) ?? transcript?.said ?? null
}

/** The row's own limit: an agent that works again has none, though its newest record may still name it. */
function limitOf({
  state,
  waitingFor,
  seen,
}: Entry): Pick<Instance, 'limitedUntil' | 'continuesByItself'> {
  if (state !== 'limited') return { limitedUntil: null, continuesByItself: false }
  const resetsAt = seen.transcript?.limit?.resetsAt ?? null
  const limitedUntil = resetsAt === null ? null : new Date(resetsAt).toISOString()
  return { limitedUntil, continuesByItself: waitingFor === null }
}

function whyUnknown(
  { state, seen: { isUnconfirmed, doubt, silence } }: Entry,
  readable: boolean,
): string | null {
  if (!readable) return tmuxUnreadable
  if (doubt) return doubt.because
  if (silence && state !== 'stopping') return silence
  return isUnconfirmed ? 'lab has not seen it since lab started, and looks again.' : null
}

function linkOf(
  { launch: { startedMs }, seen: { deepLink, registry } }: Entry,
  live: boolean,
): Pick<Instance, 'deepLink' | 'linkState'> {
  if (!live) return { deepLink: null, linkState: 'unavailable' }
  if (registry?.deepLink) return { deepLink: registry.deepLink, linkState: 'linked' }
  if (deepLink) return { deepLink: null, linkState: 'lost' }
  if (performance.now() - startedMs < linkPatienceMs)
    return { deepLink: null, linkState: 'connecting' }
  return { deepLink: null, linkState: 'unavailable' }
}
