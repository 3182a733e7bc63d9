// Keeps the change of a session and the introduction of a client apart.
import { createQueue } from '../../queue.ts'
import type { Reply } from './reply.ts'

export interface Interlock {
  /** Runs a call that makes or ends a session, while no client introduces itself. */
  change(call: () => Promise<Reply>): Promise<Reply>
  /** Introduces a client, while no session is made or ended. */
  open(attempt: () => Promise<void>): Promise<void>
}

/**
 * Up to 3.6 tmux's server crashes, and every agent with it, when a session appears or goes while a
 * control client has connected and not yet told all about itself
 * (https://github.com/tmux/tmux/pull/4980). So lab never does both at once.
 */
export function createInterlock(): Interlock {
  const attempts = createQueue()
  const changes = new Set<Promise<Reply>>()
  return {
    async change(call) {
      while (attempts.size() > 0) await attempts.idle()
      const change = call()
      changes.add(change)
      return change.finally(() => changes.delete(change))
    },
    open(attempt) {
      return attempts.run(async () => {
        await Promise.allSettled(changes)
        await attempt()
      })
    },
  }
}
