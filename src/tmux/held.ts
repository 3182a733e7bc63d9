// Being told that another lab holds the tmux server. Pure.
import { heldAnswer } from './commands.ts'
import type { Reply } from './reply.ts'

const heldReply: Reply = { kind: 'unavailable', stderr: 'another lab holds the tmux server' }

/** Whether a reply says that another lab holds the server. */
export function isHeld(reply: Reply): boolean {
  return reply === heldReply
}

/** What taking the server over came to: being told that another holds it is no success. */
export function judged(reply: Reply): Reply {
  return reply.kind === 'ok' && reply.lines.includes(heldAnswer) ? heldReply : reply
}
