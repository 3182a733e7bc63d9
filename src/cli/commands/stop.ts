// `lab stop`: one instance, several, a project's, or all.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Instance } from '../../core/instance.ts'
import { callApi, fetchProjects, pathPart } from '../api.ts'
import { Failure, serverFlags, type CliContext, type Command } from '../command.ts'
import { projectKey } from '../project.ts'
import { findInstance } from '../ref.ts'
import { findServer, type Server } from '../server.ts'
import { printable } from '../../core/text.ts'

const flags = {
  ...serverFlags,
  project: { type: 'string' },
  all: { type: 'boolean' },
  left: { type: 'boolean' },
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
  const { project, all, left } = values
  if (left && (positionals.length === 0 || all || project !== undefined))
    throw new UsageError(
      'lab stop --left takes the ids of ended instances; `lab ls --ended` shows them.',
    )
  const ways = [positionals.length > 0, project !== undefined, all === true]
  if (ways.filter(Boolean).length !== 1)
    throw new UsageError(
      'lab stop takes names or ids, or --project PROJECT, or --all, or --left ID….',
    )
  const server = findServer(values, context)
  if (left) return endLeftOfEach(server, positionals, context)
  if (positionals.length > 0) return stopEach(server, positionals, context)
  if (project === undefined) return report(await callApi(server, 'DELETE', 'instances'), context)
  const { projects } = await fetchProjects(server)
  const key = pathPart(projectKey(project, projects, context), 'a project')
  return report(await callApi(server, 'DELETE', `projects/${key}/instances`), context)
}

function stopEach(server: Server, refs: readonly string[], context: CliContext): Promise<number> {
  return forEach(refs, context, async (ref) => {
    const { id } = await findInstance(server, ref)
    const path = `instances/${pathPart(id, 'an instance')}`
    const stopped = (await callApi(server, 'DELETE', path)) as Instance | undefined
    return stopped ? `${stopped.name}: ${stopped.state}` : `${ref}: dismissed`
  })
}

/** Ends what ended instances began and left running. */
function endLeftOfEach(
  server: Server,
  ids: readonly string[],
  context: CliContext,
): Promise<number> {
  return forEach(ids, context, async (ref) => {
    const { id } = await findInstance(server, ref)
    const path = `instances/${pathPart(id, 'an instance')}/end-left`
    const { name, left } = (await callApi(server, 'POST', path)) as Instance
    const pids = left.map(({ pid }) => pid).join(', ')
    return `${name}: ${left.length === 0 ? 'nothing of it runs' : `still running: ${pids}`}`
  })
}

/** Prints what became of each; one that is refused keeps no other from its turn. */
async function forEach(
  refs: readonly string[],
  { stdout, stderr }: CliContext,
  act: (ref: string) => Promise<string>,
): Promise<number> {
  let exitCode = 0
  for (const ref of refs) {
    try {
      stdout.write(`${printable(await act(ref))}\n`)
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
