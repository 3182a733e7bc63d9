// Whether an agent would take a typed text as a prompt now.
import { homeOf } from '../../claude/home.ts'
import type { RegistryEntry } from '../../claude/registry-entry.ts'
import { DialogOpen, NotRunning, StateUnknown } from '../../errors/input.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'

/** Whether the instance has ended or is ending, so that nobody waits for what lab would type. */
export function isOver({ state }: Entry): boolean {
  return state === 'stopping' || state === 'stopped' || state === 'error'
}

/** The pane of a running instance. @throws NotRunning StateUnknown */
export function paneOf(entry: Entry): string {
  const { name } = entry.launch
  if (isOver(entry)) throw new NotRunning(name, entry.state)
  const { session } = entry.seen
  if (session === null) throw new StateUnknown(name, 'its tmux session is not there')
  return session.paneId
}

/** The registry's entry of an agent that takes a prompt now. @throws DialogOpen StateUnknown NotRunning */
export async function listening(
  entry: Entry,
  { homes, ledger }: Pick<InstancesDeps, 'homes'> & { readonly ledger: Ledger },
): Promise<RegistryEntry> {
  paneOf(entry)
  const { state, name, unknownBecause } = ledger.present(entry)
  // The hook of a question comes before the registry says that the agent waits.
  if (entry.seen.question !== null) throw new DialogOpen(name, 'question')
  const { registry } = homeOf(homes, entry.launch.account)
  const { agent } = entry.seen
  if (state === 'unknown' || agent === null)
    throw new StateUnknown(name, unknownBecause ?? 'it has not reported itself yet')
  if (!(await registry.answers()))
    throw new StateUnknown(name, "the disk of Claude's registry does not answer")
  // The state may lag behind the registry by the time of one look.
  const found = registry.read(agent.pid)
  if (found?.status === 'waiting') throw new DialogOpen(name, found.waitingFor)
  if (found && found.status !== null && found.parkedJobId === null) return found
  if (state === 'waiting') throw new DialogOpen(name, entry.waitingFor)
  throw new StateUnknown(name, 'it has not reported itself yet')
}
