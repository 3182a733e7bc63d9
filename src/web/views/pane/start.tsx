// The form that starts an agent: a page, a sheet over the list, and the list's own first content.
import type { Child, FC } from 'hono/jsx'
import type { Project } from '../../../core/instance.ts'
import { labelCharsMax } from '../../../core/names.ts'
import type { LabSettings, Mode } from '../../../core/settings.ts'
import { RefusalText, type Refusal } from '../refusal.tsx'
import { Back } from './link.tsx'

/** Leads to the form: as a sheet with a script, as a page without. */
export const StartLink: FC<{
  project?: string
  class?: string
  label?: string
  children?: Child
}> = ({ project, class: className = '', label, children }) => {
  const href = project === undefined ? '/new' : `/new?project=${encodeURIComponent(project)}`
  return (
    <a
      class={`button ${className}`}
      href={href}
      aria-label={label}
      data-sheet
      hx-get={href}
      hx-target="#sheet"
      hx-select="#start"
      hx-swap="innerHTML"
    >
      {children}
    </a>
  )
}

/** The page around the form. */
export const StartPane: FC<{ children?: Child }> = ({ children }) => (
  <article id="d-new" class="pane">
    <header>
      <Back />
      <h2 id="pane-title" tabindex={-1}>
        Start an agent
      </h2>
    </header>
    {children}
  </article>
)

interface StartFormProps {
  readonly projects: readonly Project[]
  readonly settings: LabSettings
  readonly chosen?: string | undefined
  readonly refusal?: Refusal | undefined
}

/** The projects come in the order of their last use, and the first is chosen. */
export const StartForm: FC<StartFormProps> = ({ projects, settings, chosen, refusal }) =>
  projects.length === 0 ? (
    <p id="start">There is no project yet. lab lists git repositories below its projects root.</p>
  ) : (
    <form
      id="start"
      class="start"
      method="post"
      action="/new"
      hx-post="/new"
      hx-target="#msg-start"
      hx-sync="this:drop"
    >
      <label for="start-project">Project</label>
      <select id="start-project" name="project">
        {projects
          .filter(({ gone }) => !gone)
          .map(({ key }) => (
            <option value={key} selected={key === chosen}>
              {key}
            </option>
          ))}
      </select>
      <label for="start-label">
        Label <span class="soft">(optional)</span>
      </label>
      <input
        id="start-label"
        name="label"
        value={refusal?.label}
        maxlength={labelCharsMax}
        autocomplete="off"
        enterkeyhint="go"
      />
      <label for="start-prompt">
        First prompt <span class="soft">(optional)</span>
      </label>
      <textarea id="start-prompt" name="prompt" rows={3}>
        {refusal?.start?.prompt}
      </textarea>
      <Choices settings={settings} start={refusal?.start} />
      <div id="msg-start" class="message" role="alert">
        {refusal === undefined ? null : <RefusalText refusal={refusal} />}
      </div>
      <button class="button primary">
        <span class="idle">Start</span>
        <span class="pending">Starting…</span>
      </button>
    </form>
  )

const modeWords: Readonly<Record<Mode, string>> = {
  auto: 'auto: asks where it is not sure',
  review: 'review: asks before each change',
  plan: 'plan: changes nothing before you approve',
}

/** Folded, for the last choice is kept. */
const Choices: FC<{ settings: LabSettings; start: Refusal['start'] }> = ({ settings, start }) => {
  const { model, effort, mode } = { ...settings, ...start }
  return (
    <details id="start-choices" class="choices">
      <summary>Model, effort, mode</summary>
      <Select name="model" word="Model" options={['', ...settings.models]} chosen={model ?? ''} />
      <Select
        name="effort"
        word="Effort"
        options={['', ...settings.efforts]}
        chosen={effort ?? ''}
      />
      <Select name="mode" word="Mode" options={settings.modes} chosen={mode} words={modeWords} />
    </details>
  )
}

const Select: FC<{
  name: string
  word: string
  options: readonly string[]
  chosen: string
  words?: Readonly<Record<string, string>>
}> = ({ name, word, options, chosen, words }) => (
  <>
    <label for={`start-${name}`}>{word}</label>
    <select id={`start-${name}`} name={name}>
      {options.map((option) => (
        <option value={option} selected={option === chosen}>
          {option === '' ? "Claude's default" : (words?.[option] ?? option)}
        </option>
      ))}
    </select>
  </>
)
