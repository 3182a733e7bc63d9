// Waiting until a start has come to something: the agent reports itself, or why it does not.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from '../core/instance.ts'
import { callApi, pathPart } from './api.ts'
import type { CliContext } from './command.ts'
import type { Server } from './server.ts'
import { printable } from '../core/text.ts'

/** The states that `lab wait --for` takes, in the words of `lab ls`. */
export const waitStates: readonly string[] = ['ready', 'busy', 'waiting', 'limited', 'stalled', 'ended', 'died', 'stopped'] // prettier-ignore

const pollMs = 100
// lab gives its own verdict after 60 s; this only ends a wait in which tmux does not answer.
const waitMs = 90_000

/**
 * Resolves to 0 and prints the name once the instance is ready, or to 1 with the reason and its last
 * lines on stderr once it has failed, waits for the operator, or is overdue (lab says so after 60 s).
 */
export async function waitUntilReady(
  server: Server,
  id: string,
  { stdout, stderr }: CliContext,
): Promise<number> {
  const deadline = performance.now() + waitMs
  while (performance.now() < deadline) {
    const path = `instances/${pathPart(id, 'an instance')}`
    const instance = (await callApi(server, 'GET', path)) as Instance
    const { name, state, evidence, waitingFor } = instance
    if (state === 'ready' || state === 'busy') {
      stdout.write(`${printable(name)}\n`)
      return 0
    }
    const isStuck = state === 'waiting' || state === 'limited'
    if (isStuck || (state !== 'unknown' && evidence) || state === 'stopping') {
      const reason = evidence?.message ?? (waitingFor ? `it waits for: ${waitingFor}` : state)
      stderr.write(`lab: ${printable(`${name}: ${reason}`)}\n`)
      for (const line of evidence?.lastLines ?? []) stderr.write(`  ${printable(line)}\n`)
      return 1
    }
    await sleep(pollMs)
  }
  stderr.write('lab: its state is unknown: tmux does not answer. Look again with `lab ls`.\n')
  return 1
}
