// `lab stop`: one instance, several, a project's, or all.
import { parseFlags } from '../argv.ts'
import { UsageError } from '../errors.ts'
import type { Instance } from '../core/instance.ts'
import { callApi, fetchProjects, pathPart } from './api.ts'
import { Failure, serverFlags, type CliContext, type Command } from './command.ts'
import { projectKey } from './project.ts'
import { findServer, type Server } from './server.ts'
import { printable } from './text.ts'

const flags = {
  ...serverFlags,
  project: { type: 'string' },
  all: { type: 'boolean' },
} as const

/** What the API says of each instance of a stop-all. */
interface Outcome {
  readonly name: string
  readonly outcome: string
  readonly error?: { readonly message: string }
}

/** Asks instances to end and prints a line for each; one that is refused keeps no other from ending. */
export const stop: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const { project, all } = values
  const ways = [positionals.length > 0, project !== undefined, all === true]
  if (ways.filter(Boolean).length !== 1)
    throw new UsageError('lab stop takes either names or ids, or --project PROJECT, or --all.')
  const server = findServer(values, context)
  if (positionals.length > 0) return stopEach(server, positionals, context)
  if (project === undefined) return report(await callApi(server, 'DELETE', 'instances'), context)
  const { projects } = await fetchProjects(server)
  const key = pathPart(projectKey(project, projects, context), 'project')
  return report(await callApi(server, 'DELETE', `projects/${key}/instances`), context)
}

async function stopEach(
  server: Server,
  refs: readonly string[],
  { stdout, stderr }: CliContext,
): Promise<number> {
  let exitCode = 0
  for (const ref of refs) {
    try {
      const path = `instances/${pathPart(ref, 'instance')}`
      const stopped = (await callApi(server, 'DELETE', path)) as Instance | undefined
      const outcome = stopped ? `${stopped.name}: ${stopped.state}` : `${ref}: dismissed`
      stdout.write(`${printable(outcome)}\n`)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      stderr.write(`lab: ${printable(error.message)}\n`)
      exitCode = 1
    }
  }
  return exitCode
}

function report(answer: unknown, { stdout, stderr }: CliContext): number {
  const { results } = (answer ?? {}) as { results?: readonly Outcome[] }
  if (!Array.isArray(results)) throw new Failure('lab did not say what became of the instances.')
  for (const { name, outcome, error } of results as readonly Outcome[]) {
    if (outcome === 'stopping') stdout.write(`${printable(name)}: stopping\n`)
    else stderr.write(`lab: ${printable(name)}: ${printable(error?.message ?? outcome)}\n`)
  }
  if (results.length === 0) stdout.write('nothing to stop\n')
  return results.every(({ outcome }) => outcome === 'stopping') ? 0 : 1
}
