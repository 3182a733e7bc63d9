// The metadata of a lab session: enough to recognise its instance without the store.
import { defaultAccount, instanceKinds, workspaceKinds } from '../../core/instance.ts'
import { keyInName, type ProjectKey } from '../../core/names.ts'
import { modes } from '../../core/settings.ts'
import type { ListedSession, SessionMetadata } from '../../tmux/tmux.ts'
import { knownEntry, newLaunch, type Entry } from './entry.ts'

/** The metadata that lab writes onto an instance's session. */
export function metadataOf(entry: Entry): SessionMetadata {
  const { id, projectPath, projectKey, kind, workspace, label, createdAt } = entry.spec
  const { model, effort, mode } = entry.spec
  const { id: note, slot, account, conversation } = entry.launch
  return {
    id,
    project: projectPath,
    key: projectKey,
    kind,
    workspace: workspace.kind,
    cwd: workspace.cwd,
    account,
    slot: String(slot),
    conversation,
    created: createdAt,
    note,
    mode,
    ...(label === null ? {} : { label }),
    ...(model === null ? {} : { model }),
    ...(effort === null ? {} : { effort }),
  }
}

/**
 * An instance from a session that the store does not know; null when lab did not write the metadata. A kind
 * or mode that this lab does not know counts as its first one, so that the operator sees what runs.
 */
export function entryFromSession(
  session: ListedSession,
  { now, bootId }: { readonly now: string; readonly bootId: string },
): Entry | null {
  const metadata: Readonly<Record<string, string>> | null = session.lab
  const { id, project, note, slot = '', label = null, model = null, effort = null } = metadata ?? {}
  // A launch id names files in lab's own folder, which lab removes later: it must not lead elsewhere.
  if (!id || !project || !note || !/^[\w-][\w.-]*$/.test(note)) return null
  const { kind, workspace, cwd = project } = metadata ?? {}
  const createdAt = metadata?.['created'] ?? now
  const place = {
    id: note,
    name: session.name,
    slot: /^[1-9]\d{0,5}$/.test(slot) ? Number(slot) : 1,
    account: metadata?.['account'] ?? defaultAccount,
    bootId,
    now: createdAt,
  }
  const conversation = metadata?.['conversation'] ?? id
  const launch = newLaunch(place, { conversation, said: 'unknown', isBlank: false })
  const spec = {
    id,
    projectPath: project,
    // A session of an older lab has no key.
    projectKey: (metadata?.['key'] as ProjectKey | undefined) ?? keyInName(session.name),
    kind: oneOf(instanceKinds, kind),
    workspace: { kind: oneOf(workspaceKinds, workspace), cwd },
    label,
    model,
    effort,
    mode: oneOf(modes, metadata?.['mode']),
    createdAt,
  }
  // The agent may have been ready long ago, so its end is not a failed start.
  return knownEntry(spec, { ...launch, isVerified: true })
}

function oneOf<T extends string>(known: readonly [T, ...T[]], text: string | undefined): T {
  return known.find((item) => item === text) ?? known[0]
}
