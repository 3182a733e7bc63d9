// What the operator sets: the content of the configuration file, and the choices of a start. Pure.

/** The modes of an agent: `review` asks before each change, `plan` changes nothing before a plan is approved. */
export const modes = ['auto', 'review', 'plan'] as const
export type Mode = (typeof modes)[number]

/** The choices of a start. Null leaves the choice to Claude. */
export interface Choices {
  readonly model: string | null
  readonly effort: string | null
  readonly mode: Mode
}

/** The choices of a lab whose operator has made none. */
export const firstChoices: Choices = { model: null, effort: null, mode: 'auto' }

/** What lab tells the operator of: an instance needs the operator, has died, or is done. */
export const notifyEvents = ['needs', 'died', 'done'] as const
export type NotifyEvent = (typeof notifyEvents)[number]

/** The content of the configuration file. A missing key has its default. */
export interface Preferences {
  /** The models that the page offers, in this order. */
  readonly models: readonly string[]
  readonly efforts: readonly string[]
  readonly notify: {
    /** How long an instance must need the operator before lab tells it. */
    readonly needsAfterMs: number
    readonly events: readonly NotifyEvent[]
  }
  /** By project key. A key need not be a project of now. */
  readonly projects: Readonly<Record<string, { readonly quickWords: readonly string[] }>>
}

/** The preferences of a lab without a configuration file. */
export const defaultPreferences: Preferences = {
  // The names that /model and --help of Claude Code 2.1.332 show.
  models: ['fable', 'opus', 'sonnet', 'haiku'],
  efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
  notify: { needsAfterMs: 5000, events: ['needs', 'died'] },
  projects: {},
}

/** The operator's settings as the page and the API show them. */
export interface LabSettings extends Choices {
  readonly models: readonly string[]
  readonly efforts: readonly string[]
  readonly modes: readonly Mode[]
  /** The texts that one tap sends, by project key; only the projects that have some. */
  readonly quickWords: Readonly<Record<string, readonly string[]>>
}

/** A change of the settings. What it leaves out stays as it is. */
export interface SettingsChange extends Partial<Choices> {
  /** By project key; null brings back the list of the configuration file. */
  readonly quickWords?: Readonly<Record<string, readonly string[] | null>>
}

/** The most quick words of one project, and the characters of each. */
export const quickWordsMax = 30
export const quickWordCharsMax = 500
