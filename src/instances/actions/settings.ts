// The operator's settings: the configuration file's lists and defaults, and what the store holds of the page's.
import type { Actor } from '../../core/actor.ts'
import {
  firstChoices,
  modes,
  quickWordCharsMax,
  quickWordsMax,
  type Choices,
  type LabSettings,
  type SettingsChange,
} from '../../core/settings.ts'
import { hasHidden } from '../../core/text.ts'
import { InvalidRequest, ProjectNotFound } from '../../errors.ts'
import type { Projects } from '../../projects/projects.ts'
import type { InstancesDeps } from '../state/deps.ts'

export interface SettingsStore {
  current(): LabSettings
  /** The choices of a start: those that it names, else those of the settings. */
  choicesOf(named: Partial<Choices>): Choices
  /** Changes settings. @throws InvalidRequest ProjectNotFound StoreUnwritable */
  change(change: SettingsChange, by: Actor): Promise<LabSettings>
  /** Remembers the choices of a start for later starts. Never rejects: the store tells of a failure. */
  remember(choices: Choices): void
}

/** Makes the settings. They read the configuration file and the store anew at each call. */
export function createSettings(
  { configFile, store, log }: InstancesDeps,
  projects: Pick<Projects, 'all' | 'find'>,
): SettingsStore {
  const stored = () => store.facts.settings ?? { ...firstChoices, quickWords: {} }

  /** The choices that the store holds. A model or effort that is not in its list any more counts as none. */
  function choices(): Choices {
    const { models, efforts } = configFile.current()
    const { model, effort, mode } = stored()
    return { model: listed(models, model), effort: listed(efforts, effort), mode }
  }

  function quickWords(): LabSettings['quickWords'] {
    const { projects: byKey } = configFile.current()
    const { quickWords: byPath } = stored()
    const words = projects.all().map(({ key, path }) => {
      const given = Object.hasOwn(byKey, key) ? byKey[key]?.quickWords : undefined
      return [key, byPath[path] ?? given ?? []] as const
    })
    return Object.fromEntries(words.filter(([, list]) => list.length > 0))
  }

  function current(): LabSettings {
    const { models, efforts } = configFile.current()
    return { ...choices(), models, efforts, modes, quickWords: quickWords() }
  }

  function write(change: Partial<ReturnType<typeof stored>>): Promise<void> {
    return store.update((facts) => {
      facts.settings = { ...stored(), ...change }
    })
  }

  return {
    current,
    choicesOf: (named) => ({ ...choices(), ...named }),
    remember(chosen) {
      void write(chosen).catch(() => undefined)
    },
    async change({ quickWords: words = {}, ...chosen }, by) {
      const { models, efforts } = configFile.current()
      checkListed('model', models, chosen.model)
      checkListed('effort', efforts, chosen.effort)
      const byPath = { ...stored().quickWords }
      for (const [key, list] of Object.entries(words)) {
        const project = projects.find(key)
        if (!project) throw new ProjectNotFound(key)
        if (list === null) delete byPath[project.path]
        else byPath[project.path] = checkQuickWords(list)
      }
      await write({ ...chosen, quickWords: byPath })
      log.info({ by, ...chosen, quickWords: Object.keys(words) }, 'settings changed')
      return current()
    },
  }
}

function listed(list: readonly string[], word: string | null): string | null {
  return word !== null && list.includes(word) ? word : null
}

function isQuickWord(text: string): boolean {
  return text.trim() !== '' && text.length <= quickWordCharsMax && !hasHidden(text)
}

/** @throws InvalidRequest for a word that is not in the list */
function checkListed(
  field: string,
  list: readonly string[],
  word: string | null | undefined,
): void {
  if (word === undefined || word === null || list.includes(word)) return
  throw new InvalidRequest(
    `"${field}" must be one of ${list.join(', ')}, or null for Claude's own default. The configuration file holds the list.`,
  )
}

/** @throws InvalidRequest */
function checkQuickWords(list: readonly string[]): readonly string[] {
  if (list.length <= quickWordsMax && list.every(isQuickWord)) return list
  throw new InvalidRequest(
    `"quickWords" takes at most ${quickWordsMax} texts of one line and at most ${quickWordCharsMax} characters for a project.`,
  )
}
