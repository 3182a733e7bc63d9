// The use case start: refuse, reserve, launch.
import { randomUUID } from 'node:crypto'
import { homeOf, type ClaudeHomes } from '../../claude/home.ts'
import type { Actor } from '../../core/actor.ts'
import type { Instance } from '../../core/instance.ts'
import { isWord, promptRefusal, type StartSpec } from '../../core/start.ts'
import type { Choices } from '../../core/settings.ts'
import { InvalidRequest, ProjectNotFound } from '../../errors.ts'
import { inspectWorkspace, sharedWorkspace } from '../../workspaces/workspace.ts'
import { newEntry } from '../state/entry.ts'
import type { Launcher, LaunchOptions } from './launch.ts'
import type { SettingsStore } from './settings.ts'

/** Returns the service's `start`. */
export function createStart(
  options: LaunchOptions & { readonly launcher: Launcher; readonly settings: SettingsStore },
): (spec: StartSpec, by: Actor) => Promise<Instance> {
  const { deps, ledger, projects, launcher, settings } = options

  return async (spec, by) => {
    const { project: key, label: typed = '', force = false } = spec
    const project = projects.find(key)
    projects.refresh()
    if (!project) throw new ProjectNotFound(key)
    const choices = settings.choicesOf(choicesIn(spec))
    const prompt = checkPrompt(spec.prompt)
    const account = checkAccount(deps.homes, spec.account)
    const workspace = sharedWorkspace(project)
    const { branch } = await inspectWorkspace(workspace).catch(() => ({ branch: null }))
    const admitted = await launcher.admit({ workspace, account, force })
    // Without an `await` before the place is reserved, no other start can come in between.
    const { name, slot, label } = launcher.placeFor(project, { label: typed })
    const id = randomUUID()
    const now = new Date(deps.now()).toISOString()
    const where = { projectPath: project.path, projectKey: project.key, workspace }
    const entry = newEntry(
      { id, kind: 'manual', ...where, label, ...choices, createdAt: now },
      { id: launchIdOf(id), name, slot, account, bootId: deps.bootId, now },
      branch,
    )
    // From now on the place counts under the cap, though no listing shows the session yet.
    ledger.add(entry)
    const undo = (): void => ledger.remove(entry)
    const request = { ...admitted, entry, project, by, undo, prompt }
    const started = await launcher.launch({ ...request, resume: false, what: 'started' })
    if (spec.isRemembered) settings.remember(choices)
    return started
  }
}

/** An id for every launch, so that lab never reads the note of an earlier launch for a later one. */
export function launchIdOf(id: string): string {
  return `${id}.${randomUUID().slice(0, 8)}`
}

/** The choices that a request names. @throws InvalidRequest for what cannot be an argument */
function choicesIn({ model, effort, mode }: StartSpec): Partial<Choices> {
  for (const [field, word] of Object.entries({ model, effort }))
    if (typeof word === 'string' && !isWord(word))
      throw new InvalidRequest(
        `"${field}" must be one word, such as a name that Claude Code knows.`,
      )
  return {
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    ...(mode !== undefined && { mode }),
  }
}

/** The first prompt; undefined for none. @throws InvalidRequest */
function checkPrompt(prompt = ''): string | undefined {
  const refusal = promptRefusal(prompt)
  if (refusal !== null) throw new InvalidRequest(refusal)
  return prompt.trim() === '' ? undefined : prompt
}

/** The account for new work, or the one that the request names. @throws InvalidRequest */
function checkAccount(homes: ClaudeHomes, named?: string): string {
  if (named === undefined || homes.has(named)) return homeOf(homes, named).account
  const known = [...homes.keys()].join(', ')
  throw new InvalidRequest(`lab has no account ${JSON.stringify(named)}. It has ${known}.`)
}
