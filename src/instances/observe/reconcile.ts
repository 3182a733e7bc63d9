// Applies a listing of tmux: joins it with the registry and the notes, and moves every instance.
import { isLive } from '../../core/instance.ts'
import type { ServerId } from '../../core/instance.ts'
import { readProcess } from '../../processes/proc.ts'
import type { Listing, ListedSession, ServerIdentity } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Seen } from '../state/seen.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Overview } from '../state/overview.ts'
import { serverIdOf } from './absence.ts'
import type { Agents } from './agents.ts'
import type { Advance } from './advance.ts'
import type { Hooks } from '../questions/hooks.ts'
import type { Questions } from '../questions/questions.ts'
import type { Transcripts } from '../questions/transcripts.ts'

export interface ReconcileOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly overview: Pick<Overview, 'setForeign' | 'setServerVersion' | 'setReadable'>
  readonly agents: Agents
  /** Finds the instances' sessions in a listing. */
  readonly adopt: (listing: Listing) => ReadonlyMap<string, ListedSession>
  readonly hooks: Pick<Hooks, 'follow'>
  readonly questions: Pick<Questions, 'follow'>
  readonly transcripts: Pick<Transcripts, 'follow'>
  readonly logins: { follow(sessions: readonly ListedSession[]): void }
  readonly advance: Advance
}

/** Returns the function that applies a listing; `number` is the observer's count of listings. */
export function createReconcile(
  options: ReconcileOptions,
): (listing: Listing, number: number) => void {
  const { deps, ledger, overview, agents, adopt, hooks, questions, transcripts, logins, advance } =
    options

  /** Keeps where an instance runs, and which process is its keeper. */
  function see(entry: Entry, session: ListedSession, listed: ServerId | null): void {
    const { attached, isForeignHost, pane } = session
    const { bootId } = deps
    // An instance keeps its name when a person moved its pane into another session.
    const name = isForeignHost ? entry.launch.name : session.name
    if (!pane) {
      ledger.change(entry, { launch: { name }, seen: { attached } })
      return
    }
    const { isMoved, paneId, pid, dead } = pane
    const seen: Partial<Seen> = { attached, session: { isMoved, paneId, panePid: dead ? 0 : pid } }
    const known = entry.launch.keeper
    const process = known?.pid === pid || dead ? null : readProcess(pid)
    const keeper = process ? { pid: process.pid, start: process.start } : known
    ledger.change(entry, { launch: { name, keeper, server: listed, bootId }, seen })
  }

  function rememberServer(server: ServerIdentity | null): void {
    const { store } = deps
    const known = store.facts.server
    if (known?.pid === server?.pid && known?.startedAt === server?.startedAt) return
    const incarnation = server && { pid: server.pid, startedAt: server.startedAt }
    store.update((facts) => (facts.server = incarnation)).catch(() => undefined)
  }

  function apply(listing: Listing, number: number): void {
    const listed = serverIdOf(listing.server)
    const sessions = adopt(listing)
    const live = ledger.live().filter((entry) => entry.seen.knownSince < number)
    for (const entry of live) {
      const session = sessions.get(entry.id)
      // The next tmux server may use the ids of a session that is gone, so lab drops them at once.
      if (session) see(entry, session, listed)
      else ledger.change(entry, { seen: { session: null } })
    }
    agents.join(live)
    hooks.follow(live)
    questions.follow(live)
    transcripts.follow(live)
    logins.follow(listing.sessions)
    const look = advance.begin(listed)
    for (const entry of live)
      if (!entry.isFinishing && isLive(entry.state)) look(entry, sessions.get(entry.id))
    rememberServer(listing.server)
    overview.setForeign(foreignOf(listing))
    overview.setServerVersion(listing.server?.version ?? null)
    overview.setReadable(null)
  }

  return (listing, number) => ledger.batch(() => apply(listing, number))
}

function foreignOf(listing: Listing): Parameters<Overview['setForeign']>[0] {
  return (
    listing.sessions
      // A lab session without its agent's pane is only a person's shell under an old name.
      .filter((session) => !session.isForeignHost && (!session.lab || !session.pane))
      .map(({ name, attached, createdAt }) => ({
        name,
        attached,
        createdAt: new Date(createdAt * 1000).toISOString(),
      }))
  )
}
