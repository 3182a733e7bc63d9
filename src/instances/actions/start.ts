// The use case start: refuse, reserve, launch.
import { randomUUID } from 'node:crypto'
import { homeOf } from '../../claude/home.ts'
import type { Actor } from '../../core/actor.ts'
import type { Instance } from '../../core/instance.ts'
import { isWord, type StartSpec } from '../../core/start.ts'
import { InvalidRequest, ProjectNotFound } from '../../errors.ts'
import { inspectWorkspace, sharedWorkspace } from '../../workspaces/workspace.ts'
import { newEntry } from '../state/entry.ts'
import type { Launcher, LaunchOptions } from './launch.ts'

/** Returns the service's `start`. */
export function createStart(
  options: LaunchOptions & { readonly launcher: Launcher },
): (spec: StartSpec, by: Actor) => Promise<Instance> {
  const { deps, ledger, projects, launcher } = options

  return async ({ project: key, label: typed = '', model, effort, force = false }, by) => {
    const project = projects.find(key)
    projects.refresh()
    if (!project) throw new ProjectNotFound(key)
    checkWords({ model, effort })
    const { account } = homeOf(deps.homes)
    const workspace = sharedWorkspace(project)
    const { branch } = await inspectWorkspace(workspace).catch(() => ({ branch: null }))
    const admitted = await launcher.admit({ workspace, account, force })
    // Without an `await` before the place is reserved, no other start can come in between.
    const { name, slot, label } = launcher.placeFor(project, { label: typed })
    const id = randomUUID()
    const now = new Date(deps.now()).toISOString()
    const where = { projectPath: project.path, projectKey: project.key, workspace }
    const choices = { label, model: model ?? null, effort: effort ?? null }
    const entry = newEntry(
      { id, kind: 'manual', ...where, ...choices, createdAt: now },
      { id: launchIdOf(id), name, slot, account, bootId: deps.bootId, now },
      branch,
    )
    // From now on the place counts under the cap, though no listing shows the session yet.
    ledger.add(entry)
    const undo = (): void => ledger.remove(entry)
    const request = { ...admitted, entry, project, by, undo }
    return launcher.launch({ ...request, resume: false, what: 'started' })
  }
}

/** An id for every launch, so that lab never reads the note of an earlier launch for a later one. */
export function launchIdOf(id: string): string {
  return `${id}.${randomUUID().slice(0, 8)}`
}

function checkWords(words: Readonly<Record<string, string | undefined>>): void {
  for (const [field, word] of Object.entries(words))
    if (word !== undefined && !isWord(word))
      throw new InvalidRequest(
        `"${field}" must be one word, such as a name that Claude Code knows.`,
      )
}
