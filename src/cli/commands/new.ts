// `lab new`: one more instance.
import { parseFlags } from '../../argv.ts'
import { modes } from '../../core/settings.ts'
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
  mode: { type: 'string' },
  prompt: { type: 'string' },
  force: { type: 'boolean' },
  wait: { type: 'boolean' },
} as const

/** Starts an instance and prints its session name, alone on stdout. */
export const newInstance: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const [named] = positionals
  if (named === undefined || positionals.length > 1)
    throw new UsageError('lab new takes one PROJECT: a key from `lab ls`, or a path such as `.`.')
  const { label, mode, prompt, force } = values
  if (mode !== undefined && !modes.some((known) => known === mode))
    throw new UsageError(
      `--mode ${JSON.stringify(mode)} is not a mode: use one of ${modes.join(', ')}.`,
    )
  const server = findServer(values, context)
  const { projects } = await fetchProjects(server)
  const key = pathPart(projectKey(named, projects, context), 'a project')
  // A choice that is left out is that of the settings; an empty one is Claude's own default.
  const choices = { model: values.model, effort: values.effort }
  const started = (await callApi(server, 'POST', `projects/${key}/instances`, {
    ...(label !== undefined && { label }),
    ...Object.fromEntries(
      Object.entries(choices)
        .filter(([, word]) => word !== undefined)
        .map(([name, word]) => [name, word || null]),
    ),
    ...(mode !== undefined && { mode }),
    ...(prompt !== undefined && { prompt }),
    ...(force !== undefined && { force }),
  })) as Instance
  if (values.wait) return waitUntilReady(server, started.id, context)
  context.stdout.write(`${printable(started.name)}\n`)
  return 0
}
