// An instance as its session carries it: enough to know it again without the store.
import type { ListedSession, SessionMetadata } from '../../tmux/tmux.ts'
import { reserveEntry, type Entry } from './entry.ts'

/** What lab writes onto the session, enough to know the instance again without the store. */
export function metadataOf(entry: Entry): SessionMetadata {
  const { id, projectPath, label, slot, model, effort, conversation, createdAt, note } = entry
  return {
    id,
    project: projectPath,
    slot: String(slot),
    conversation,
    created: createdAt,
    note,
    ...(label === null ? {} : { label }),
    ...(model === null ? {} : { model }),
    ...(effort === null ? {} : { effort }),
  }
}

/** An instance found in tmux of which the store knows nothing; null when its metadata is not lab's. */
export function entryFromSession(session: ListedSession, now: string): Entry | null {
  const metadata: Readonly<Record<string, string>> | null = session.lab
  const { id, project, note } = metadata ?? {}
  // A note names a file in lab's own folder, which is removed one day.
  if (!id || !project || !note || !/^[\w-][\w.-]*$/.test(note)) return null
  const options = { id, name: session.name, projectPath: project, note, now }
  const entry = reserveEntry({
    ...options,
    slot: /^[1-9]\d{0,5}$/.test(metadata?.['slot'] ?? '') ? Number(metadata?.['slot']) : 1,
    label: metadata?.['label'] ?? null,
    model: metadata?.['model'] ?? null,
    effort: metadata?.['effort'] ?? null,
  })
  const createdAt = metadata?.['created'] ?? now
  // It may have been ready long ago; a death is then no failed start.
  return {
    ...entry,
    createdAt,
    launchedAt: createdAt,
    since: createdAt,
    conversation: metadata?.['conversation'] ?? id,
    said: 'unknown',
    verified: true,
    unconfirmed: true,
  }
}
