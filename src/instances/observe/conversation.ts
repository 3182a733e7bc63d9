// Which conversation a resume would continue, and whether anything was said in it: learnt while the
// instance lives and at its end, for afterwards nobody can tell.
import { homeOf } from '../../claude/home.ts'
import type { TranscriptState } from '../../claude/transcript.ts'
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
  const find = ({ conversation }: Entry): Promise<TranscriptState> =>
    homeOf(homes).findTranscript(conversation)

  async function look(entry: Entry): Promise<boolean> {
    const { conversation, said } = entry
    if (said === 'yes') return false
    const found = await find(entry)
    // It may have been cleared meanwhile, or its transcripts cannot be read.
    if (entry.conversation !== conversation || found === 'unreadable') return false
    entry.said = found === 'there' ? 'yes' : 'no'
    return entry.said !== said
  }

  /** A file that the agent had no time to remove names the conversation that it was in last. */
  function takeRegistry(entry: Entry): void {
    const { registered } = entry
    const last = registered && homeOf(homes).registry.read(registered.pid)
    if (!last || last.procStart !== registered.start) return
    if (last.conversation) setConversation(entry, last.conversation)
    entry.parkedJobId = last.parkedJobId
  }

  /** One that removed its file says on its screen how it can be resumed. */
  async function takeGoodbye(entry: Entry, screen: readonly string[]): Promise<void> {
    const id = conversationOffered(screen)
    if (id === null || id === entry.conversation || entry.parkedJobId !== null) return
    if ((await homeOf(homes).findTranscript(id)) === 'there') setConversation(entry, id)
  }

  return {
    find,
    async noteSaid(entry) {
      if (await look(entry)) void ledger.save(entry)
    },
    async takeLast(entry, screen) {
      const before = entry.conversation
      takeRegistry(entry)
      await takeGoodbye(entry, screen)
      await look(entry)
      const { id, conversation } = entry
      if (conversation !== before)
        log.info({ instance: id, conversation, before }, 'its last conversation was another one')
    },
  }
}

/** Follows the agent into another conversation, of which nothing is known yet. */
export function setConversation(entry: Entry, conversation: string): void {
  if (entry.conversation === conversation) return
  entry.conversation = conversation
  entry.said = 'no'
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
