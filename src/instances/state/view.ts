// What an instance shows of itself to the outside: the contract's Instance.
import { isLive, tmuxUnreadable, type Instance } from '../../core/instance.ts'
import type { ProjectKey } from '../../core/names.ts'
import type { Entry } from './entry.ts'

// As long as a link may take before the row stops promising one (TRAPS: connecting for up to 30 s).
const linkPatienceMs = 30_000

/** The contract's Instance; a live one is `unknown` while tmux cannot be read, or contradicts what runs. */
export function present(
  entry: Entry,
  context: {
    readonly key: ProjectKey | null
    readonly readable: boolean
    readonly attach: readonly string[]
  },
): Instance {
  const live = isLive(entry.state)
  const { id, name, slot, label, projectPath, since, conversation, model, registry } = entry
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
    project: context.key ?? name.split('~', 1)[0] ?? name,
    kind: 'manual',
    state: unknownBecause === null ? entry.state : 'unknown',
    unknownBecause,
    waitingFor: entry.waitingFor,
    background: live && registry?.status === 'shell',
    ...linkOf(entry, live),
    isBlank: live && entry.isBlank,
    account: 'default',
    workspace: {
      kind: 'shared',
      path: projectPath,
      branch: entry.branch,
      moved: live ? entry.moved : null,
    },
    pid: live ? (entry.agent?.pid ?? null) : null,
    attached: live ? entry.attached : 0,
    attach: live ? context.attach : [],
    memoryBytes: live ? entry.memoryBytes : null,
    createdAt: entry.createdAt,
    lastActivityAt: registry?.updatedAt ? new Date(registry.updatedAt).toISOString() : null,
    endedAt: entry.ended?.at ?? null,
    evidence: entry.ended?.evidence ?? (entry.state === 'starting' ? entry.overdue : null),
    left: (entry.ended?.left ?? []).map(({ pid, command, servesOthers }) => ({
      pid,
      command,
      servesOthers,
    })),
    dismissed: entry.dismissed,
  }
}

function whyUnknown(
  { state, unconfirmed, doubt, silence }: Entry,
  readable: boolean,
): string | null {
  if (!readable) return tmuxUnreadable
  if (doubt) return doubt.because
  if (silence && state !== 'stopping') return silence
  return unconfirmed ? 'lab has not seen it since lab was started, and goes on looking.' : null
}

function linkOf(
  { deepLink, registry, launchedMs }: Entry,
  live: boolean,
): Pick<Instance, 'deepLink' | 'linkState'> {
  if (!live) return { deepLink: null, linkState: 'unavailable' }
  if (registry?.deepLink) return { deepLink: registry.deepLink, linkState: 'linked' }
  if (deepLink) return { deepLink: null, linkState: 'lost' }
  if (performance.now() - launchedMs < linkPatienceMs)
    return { deepLink: null, linkState: 'connecting' }
  return { deepLink: null, linkState: 'unavailable' }
}
