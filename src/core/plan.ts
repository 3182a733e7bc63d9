// A launch as one value: the command that tmux starts and the settings that the agent reads, made from
// the contributions of several rooms. Pure.

/** The content of a settings file. */
export interface Settings {
  readonly [key: string]: Setting
}
type Setting = string | number | boolean | null | readonly Setting[] | Settings

/** The values that identify a launch. One room decides each of these. */
export interface LaunchFacts {
  /** The name of the tmux session, which claude.ai shows too. */
  readonly name: string
  /** The working directory, as an absolute path. */
  readonly cwd: string
  /** The metadata that lab writes onto the session, by which a later lab recognises the instance. */
  readonly metadata: { readonly id: string } & Readonly<Record<string, string>>
}

/** The contribution of one room to a launch, such as an account's environment. */
export interface Contribution {
  readonly env?: Readonly<Record<string, string>>
  /** Variables that must not reach the agent from the tmux server. A variable that is set wins. */
  readonly unset?: readonly string[]
  readonly argv?: readonly string[]
  readonly settings?: Settings
}

/** All values of one launch. A new launch of the same instance has a new plan. */
export interface LaunchPlan extends LaunchFacts, Required<Contribution> {}

/**
 * Makes the plan of a launch. Arguments follow each other in the order of the contributions; a later
 * variable replaces an earlier one of the same name. Settings merge as Claude merges its files: objects
 * key by key, lists one after the other, and a later value replaces an earlier one.
 */
export function planLaunch(facts: LaunchFacts, contributions: readonly Contribution[]): LaunchPlan {
  const env = Object.assign({}, ...contributions.map((part) => part.env)) as Record<string, string>
  const unset = new Set(contributions.flatMap((part) => part.unset ?? []))
  return {
    ...facts,
    env,
    unset: [...unset].filter((name) => !Object.hasOwn(env, name)).sort(),
    argv: contributions.flatMap((part) => part.argv ?? []),
    settings: contributions.reduce<Settings>((all, part) => merge(all, part.settings ?? {}), {}),
  }
}

function merge(first: Settings, second: Settings): Settings {
  const merged: Record<string, Setting> = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const before = merged[key]
    if (isList(before) && isList(value)) merged[key] = [...before, ...value]
    else if (isObject(before) && isObject(value)) merged[key] = merge(before, value)
    else merged[key] = value
  }
  return merged
}

function isList(value: Setting | undefined): value is readonly Setting[] {
  return Array.isArray(value)
}

function isObject(value: Setting | undefined): value is Settings {
  return typeof value === 'object' && value !== null && !isList(value)
}
