// `lab resume`: ended instances continue their conversations.
import { parseFlags } from '../argv.ts'
import { UsageError } from '../errors.ts'
import type { Instance } from '../core/instance.ts'
import { callApi, pathPart } from './api.ts'
import { Failure, serverFlags, type Command } from './command.ts'
import { findServer } from './server.ts'
import { printable } from './text.ts'
import { waitUntilReady } from './wait.ts'

const flags = { ...serverFlags, wait: { type: 'boolean' } } as const

// Several agents that refresh one login in the same moment have logged each other out.
const apartMs = 1000

/** Resumes instances one after the other and prints their session names; one that is refused keeps no other from it. */
export const resume: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  if (positionals.length === 0)
    throw new UsageError('lab resume takes the IDs of ended instances; `lab ls --json` shows them.')
  const server = findServer(values, context)
  let exitCode = 0
  for (const [i, id] of positionals.entries()) {
    if (i > 0) await new Promise((done) => setTimeout(done, apartMs))
    try {
      const path = `instances/${pathPart(id, 'instance')}/resume`
      const resumed = (await callApi(server, 'POST', path)) as Instance
      if (values.wait) exitCode = (await waitUntilReady(server, resumed.id, context)) || exitCode
      else context.stdout.write(`${printable(resumed.name)}\n`)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      context.stderr.write(`lab: ${printable(error.message)}\n`)
      exitCode = 1
    }
  }
  return exitCode
}
