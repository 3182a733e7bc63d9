// What the agents' hooks say. Each launch has hooks that write into the instance's spool; an agent that an
// older lab started has none.
import { hookNames, type HookName } from '../../claude/hooks/shim.ts'
import { parseHookEvent, type HookEvent } from '../../claude/hooks/events.ts'
import { isLive } from '../../core/instance.ts'
import type { Spool } from '../../store/spool.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'

/** Hears one event of an instance; `file` names it in the spool, where a PermissionRequest waits. */
export type HookListener = (id: string, event: HookEvent, file: string) => void

export interface Hooks extends Pick<Spool, 'holds' | 'answer' | 'look' | 'close'> {
  /** Makes the folder that the hooks of a launch need. @throws what the system says */
  prepare(id: string): void
  /** Hears the hooks of these instances, and what they said while lab was away. */
  follow(live: readonly Entry[]): void
  /** Calls `listener` for each event, in order, until the caller calls the returned function. */
  subscribe(listener: HookListener): () => void
}

/** Opens the spools. The hooks of an instance end with its launch. */
export function createHooks({ openSpool, log }: InstancesDeps, ledger: Ledger): Hooks {
  const listeners = new Set<HookListener>()
  const spool = openSpool((id, { name, event, at, text }) => {
    if (!isHookName(event)) return
    const parsed = parseHookEvent(event, at, text)
    log.debug({ instance: id, event }, 'a hook')
    for (const listener of listeners) {
      try {
        listener(id, parsed, name)
      } catch (error) {
        log.warn({ err: error, instance: id, event }, 'lab could not use what a hook said')
      }
    }
  })
  ledger.subscribe((event) => {
    if (event.type === 'instance' && !isLive(event.instance.state)) spool.forget(event.instance.id)
  })
  return {
    prepare: (id) => spool.prepare(id),
    follow(live) {
      for (const { id } of live) spool.watch(id)
    },
    look: () => spool.look(),
    holds: (id, name) => spool.holds(id, name),
    answer: (id, name, text) => spool.answer(id, name, text),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => spool.close(),
  }
}

function isHookName(event: string): event is HookName {
  return hookNames.some((name) => name === event)
}
