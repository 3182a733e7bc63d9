// `lab new`: one more instance.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Instance } from '../../core/instance.ts'
import { callApi, fetchProjects, pathPart } from '../api.ts'
import { serverFlags, type Command } from '../command.ts'
import { projectKey } from '../project.ts'
import { findServer } from '../server.ts'
import { printable } from '../../core/text.ts'
import { waitUntilReady } from '../wait.ts'

const flags = {
  ...serverFlags,
  label: { type: 'string' },
  model: { type: 'string' },
  effort: { type: 'string' },
  force: { type: 'boolean' },
  wait: { type: 'boolean' },
} as const

/** Starts an instance and prints its session name, alone on stdout. */
export const newInstance: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const [named] = positionals
  if (named === undefined || positionals.length > 1)
    throw new UsageError('lab new takes one PROJECT: a key from `lab ls`, or a path such as `.`.')
  const server = findServer(values, context)
  const { projects } = await fetchProjects(server)
  const key = pathPart(projectKey(named, projects, context), 'a project')
  const { label, model, effort, force } = values
  const started = (await callApi(server, 'POST', `projects/${key}/instances`, {
    ...(label !== undefined && { label }),
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    ...(force !== undefined && { force }),
  })) as Instance
  if (values.wait) return waitUntilReady(server, started.id, context)
  context.stdout.write(`${printable(started.name)}\n`)
  return 0
}
