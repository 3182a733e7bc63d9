// Which conversation a resume continues, and whether it has messages. lab reads this while the instance
// lives and at its end, because the sources are gone later.
import { homeOf } from '../../claude/home.ts'
import type { TranscriptState } from '../../claude/transcript.ts'
import type { Launch } from '../../core/instance.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'

export interface Conversations {
  /** Looks for messages in the conversation, after a turn. */
  updateSaid(entry: Entry): Promise<void>
  /** Takes the last conversation from the registry file and the screen, after the agent's end. */
  takeLast(entry: Entry, screen: readonly string[]): Promise<void>
  /** Whether Claude can continue the conversation. */
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

  async function find(
    { launch }: Entry,
    conversation = launch.conversation,
  ): Promise<TranscriptState> {
    return (await homeOf(homes, launch.account).findTranscript(conversation)).state
  }

  async function updateSaid(entry: Entry): Promise<void> {
    const { conversation, said } = entry.launch
    if (said === 'yes') return
    const found = await find(entry)
    // The agent may have cleared the conversation by now, or lab cannot read the transcripts.
    if (entry.launch.conversation !== conversation || found === 'unreadable') return
    ledger.change(entry, { launch: { said: found === 'there' ? 'yes' : 'no' } })
  }

  /** Takes the conversation from a registry file that the agent had no time to remove. */
  async function takeRegistry(entry: Entry): Promise<void> {
    const { account, registered } = entry.launch
    const { registry } = homeOf(homes, account)
    const last = registered && (await registry.answers()) && registry.read(registered.pid)
    if (!last || last.procStart !== registered.start) return
    const { conversation, parkedJobId } = last
    ledger.change(entry, { launch: { ...conversationChange(entry, conversation), parkedJobId } })
  }

  /** Takes the conversation from the exit message of an agent that removed its file. */
  async function takeExitMessage(entry: Entry, screen: readonly string[]): Promise<void> {
    const id = conversationOffered(screen)
    if (id === null || id === entry.launch.conversation || entry.launch.parkedJobId !== null) return
    if ((await find(entry, id)) === 'there')
      ledger.change(entry, { launch: conversationChange(entry, id) })
  }

  return {
    find,
    updateSaid,
    async takeLast(entry, screen) {
      const before = entry.launch.conversation
      await takeRegistry(entry)
      await takeExitMessage(entry, screen)
      await updateSaid(entry)
      const { id } = entry
      const { conversation } = entry.launch
      if (conversation !== before)
        log.info(
          { instance: id, conversation, before },
          'an instance ended in another conversation',
        )
    },
  }
}

/** The change of a launch whose agent is in another conversation; lab knows nothing of that one yet. */
export function conversationChange(
  { launch }: Entry,
  conversation: string | null,
): Partial<Launch> {
  if (conversation === null || launch.conversation === conversation) return {}
  return { conversation, said: 'no' }
}

/** The conversation in Claude's exit message, `Resume this session with:` and a command; null without one. */
export function conversationOffered(screen: readonly string[]): string | null {
  const said = screen.map((line) => line.trim()).filter((line) => line !== '')
  const words = said.slice(said.lastIndexOf('Resume this session with:'))
  if (words[0] !== 'Resume this session with:' || words.length > 4) return null
  const command = words.slice(1).join(' ')
  return (
    /^claude .*--resume ([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/.exec(command)?.[1] ?? null
  )
}
