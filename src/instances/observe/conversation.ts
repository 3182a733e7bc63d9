// Which conversation a resume would continue, and whether anything was said in it: learnt while the
// instance lives and at its end, for afterwards nobody can tell.
import { homeOf } from '../../claude/home.ts'
import type { TranscriptState } from '../../claude/transcript.ts'
import type { Launch } from '../../core/instance.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'

export interface Conversations {
  /** Looks whether anything was said, once a turn is over. */
  noteSaid(entry: Entry): Promise<void>
  /** Takes over what the agent wrote last, on the disk and on its screen, once it has ended. */
  takeLast(entry: Entry, screen: readonly string[]): Promise<void>
  /** Whether Claude can continue it. */
  find(entry: Entry): Promise<TranscriptState>
}

export function createConversations({
  deps,
  ledger,
}: {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
}): Conversations {
  const { homes, log } = deps
  const find = ({ launch }: Entry, conversation = launch.conversation): Promise<TranscriptState> =>
    homeOf(homes, launch.account).findTranscript(conversation)

  async function noteSaid(entry: Entry): Promise<void> {
    const { conversation, said } = entry.launch
    if (said === 'yes') return
    const found = await find(entry)
    // It may have been cleared meanwhile, or its transcripts cannot be read.
    if (entry.launch.conversation !== conversation || found === 'unreadable') return
    ledger.change(entry, { launch: { said: found === 'there' ? 'yes' : 'no' } })
  }

  /** A file that the agent had no time to remove names the conversation that it was in last. */
  function takeRegistry(entry: Entry): void {
    const { account, registered } = entry.launch
    const last = registered && homeOf(homes, account).registry.read(registered.pid)
    if (!last || last.procStart !== registered.start) return
    const { conversation, parkedJobId } = last
    ledger.change(entry, { launch: { ...conversationChange(entry, conversation), parkedJobId } })
  }

  /** One that removed its file says on its screen how it can be resumed. */
  async function takeGoodbye(entry: Entry, screen: readonly string[]): Promise<void> {
    const id = conversationOffered(screen)
    if (id === null || id === entry.launch.conversation || entry.launch.parkedJobId !== null) return
    if ((await find(entry, id)) === 'there')
      ledger.change(entry, { launch: conversationChange(entry, id) })
  }

  return {
    find,
    noteSaid,
    async takeLast(entry, screen) {
      const before = entry.launch.conversation
      takeRegistry(entry)
      await takeGoodbye(entry, screen)
      await noteSaid(entry)
      const { id } = entry
      const { conversation } = entry.launch
      if (conversation !== before)
        log.info({ instance: id, conversation, before }, 'its last conversation was another one')
    },
  }
}

/** What of a launch changes when the agent goes on in that conversation, of which nothing is known yet. */
export function conversationChange(
  { launch }: Entry,
  conversation: string | null,
): Partial<Launch> {
  if (conversation === null || launch.conversation === conversation) return {}
  return { conversation, said: 'no' }
}

/** The conversation in Claude's last words, `Resume this session with:` and a command; null without them. */
export function conversationOffered(screen: readonly string[]): string | null {
  const said = screen.map((line) => line.trim()).filter((line) => line !== '')
  const words = said.slice(said.lastIndexOf('Resume this session with:'))
  if (words[0] !== 'Resume this session with:' || words.length > 4) return null
  const command = words.slice(1).join(' ')
  return (
    /^claude .*--resume ([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/.exec(command)?.[1] ?? null
  )
}
