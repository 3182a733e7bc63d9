// `lab resume`: ended instances continue their conversations.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Instance, Outcome } from '../../core/instance.ts'
import { callApi, fetchInstances, pathPart } from '../api.ts'
import { Failure, serverFlags, type CliContext, type Command } from '../command.ts'
import { pickEnded } from '../ref.ts'
import { findServer, type Server } from '../server.ts'
import { printable } from '../../core/text.ts'
import { waitUntilReady } from '../wait.ts'

const flags = {
  ...serverFlags,
  wait: { type: 'boolean' },
  force: { type: 'boolean' },
  blank: { type: 'boolean' },
} as const

/** Resumes instances and prints their session names; one that is refused keeps no other from it. */
export const resume: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  if (positionals.length === 0)
    throw new UsageError(
      'lab resume takes ended instances by name or id; `lab ls --ended` shows them.',
    )
  const server = findServer(values, context)
  const all = await fetchInstances(server)
  const ids = positionals.map((ref) => pickEnded(ref, all).id)
  const { force, blank } = values
  const body = { ids, ...(force && { force }), ...(blank && { blank }) }
  const answer = (await callApi(server, 'POST', 'resume', body)) as { results?: readonly Outcome[] }
  if (!Array.isArray(answer.results))
    throw new Failure('lab did not say what became of the instances.')
  let exitCode = 0
  for (const { id, name, outcome, error } of answer.results as readonly Outcome[]) {
    if (outcome === 'failed') {
      context.stderr.write(`lab: ${printable(`${name}: ${error?.message ?? outcome}`)}\n`)
      exitCode = 1
      continue
    }
    if (values.blank) await tellBlank(server, id, context)
    if (values.wait) exitCode = (await waitUntilReady(server, id, context)) || exitCode
    else context.stdout.write(`${printable(name)}\n`)
  }
  return exitCode
}

/** Says of an instance that it did not continue its conversation; stdout holds the names alone. */
async function tellBlank(server: Server, id: string, { stderr }: CliContext): Promise<void> {
  const { name, isBlank } = (await callApi(
    server,
    'GET',
    `instances/${pathPart(id, 'an instance')}`,
  )) as Instance
  if (isBlank)
    stderr.write(`lab: ${printable(name)} begins a blank conversation; the one before is gone.\n`)
}
