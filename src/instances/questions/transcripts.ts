// The newest records of each live instance's conversation, from Claude's transcript.
import { basename, isAbsolute } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { homeOf } from '../../claude/home.ts'
import { watchTranscript, type TranscriptWatch } from '../../claude/conversation/watch.ts'
import type { TranscriptEnd } from '../../claude/conversation/records.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Hooks } from './hooks.ts'

export interface Transcripts {
  /** Watches the transcript of each live instance, and of no other. */
  follow(live: readonly Entry[]): void
  close(): void
}

/** The transcript of one conversation of one launch. */
interface Followed {
  readonly of: string
  watch: TranscriptWatch | null
  /** The moment of the agent's life at which lab looked for the file last. */
  lookedAt: string
}

/** `wake` asks for a listing, which moves an instance whose limit is another one. */
export function createTranscripts({
  deps: { homes },
  ledger,
  hooks,
  wake,
}: {
  readonly deps: Pick<InstancesDeps, 'homes'>
  readonly ledger: Pick<Ledger, 'change' | 'find'>
  readonly hooks: Pick<Hooks, 'subscribe'>
  readonly wake: () => void
}): Transcripts {
  const byInstance = new Map<string, Followed>()
  const nameOf = createNames(hooks, ledger, (id) => byInstance.get(id)?.watch?.look())
  noteRefusals(hooks, ledger)

  function keep(id: string, of: string, transcript: TranscriptEnd): void {
    const entry = ledger.find(id)
    if (!entry || byInstance.get(id)?.of !== of) return
    const before = entry.seen.transcript
    ledger.change(entry, { seen: { transcript } })
    if (!isDeepStrictEqual(transcript.limit, before?.limit ?? null)) wake()
  }

  function open(id: string, followed: Followed, path: string): void {
    if (byInstance.get(id) !== followed || followed.watch) return
    followed.watch = watchTranscript(path, (end) => keep(id, followed.of, end))
  }

  /** Finds the file of a conversation. An agent of an older lab has no hook that names it. */
  function find(entry: Entry, followed: Followed): void {
    const { conversation, account } = entry.launch
    const path = nameOf(entry)
    if (path !== null) {
      open(entry.id, followed, path)
      return
    }
    const lookedAt = `${entry.seen.registry?.statusUpdatedAt}`
    if (followed.lookedAt === lookedAt) return
    followed.lookedAt = lookedAt
    void homeOf(homes, account)
      .findTranscript(conversation)
      .then((found) => found.path !== null && open(entry.id, followed, found.path))
  }

  function forget(id: string): void {
    byInstance.get(id)?.watch?.close()
    byInstance.delete(id)
  }

  return {
    follow(live) {
      const ids = new Set(live.map(({ id }) => id))
      for (const id of byInstance.keys()) if (!ids.has(id)) forget(id)
      for (const entry of live) {
        const of = `${entry.launch.id} ${entry.launch.conversation}`
        if (byInstance.get(entry.id)?.of !== of) {
          forget(entry.id)
          byInstance.set(entry.id, { of, watch: null, lookedAt: '' })
          ledger.change(entry, { seen: { transcript: null } })
        }
        const followed = byInstance.get(entry.id)!
        if (followed.watch) followed.watch.arm()
        else find(entry, followed)
      }
    },
    close() {
      for (const id of byInstance.keys()) forget(id)
    },
  }
}

/** Notes when the API refused a request: the record that says whether by a limit comes later. */
function noteRefusals(
  hooks: Pick<Hooks, 'subscribe'>,
  ledger: Pick<Ledger, 'change' | 'find'>,
): void {
  hooks.subscribe((id, { name, error, at }) => {
    const entry = ledger.find(id)
    if (!entry || name !== 'StopFailure' || error !== 'rate_limit') return
    ledger.change(entry, { seen: { refusedAt: at } })
  })
}

/** Returns the transcript of an instance's conversation as a hook named it; null without one. */
function createNames(
  hooks: Pick<Hooks, 'subscribe'>,
  ledger: Pick<Ledger, 'find'>,
  onTurn: (id: string) => void,
): (entry: Entry) => string | null {
  const named = new WeakMap<Entry, string>()
  hooks.subscribe((id, { name, transcriptPath }) => {
    const entry = ledger.find(id)
    if (entry && transcriptPath && isAbsolute(transcriptPath)) named.set(entry, transcriptPath)
    // A turn begins or ends: its record may be there before the kernel tells of it.
    if (name !== 'PostToolUse') onTurn(id)
  })
  return (entry) => {
    const path = named.get(entry)
    return path !== undefined && basename(path) === fileOf(entry.launch.conversation) ? path : null
  }
}

function fileOf(conversation: string): string {
  return `${conversation}.jsonl`
}
