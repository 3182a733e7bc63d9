// A project as a card: its rows, the form that starts one more, and the line that says why not.
import type { FC } from 'hono/jsx'
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import { labelCharsMax } from '../../core/names.ts'
import type { StartSpec } from '../../core/start.ts'
import { EndedBox } from './instance/ended.tsx'
import { InstanceRow } from './instance/row.tsx'
import type { RenderContext } from './render-context.ts'
import { ForceButton, Prose, ResumeBlank } from './parts.tsx'

/** A form that was refused: why, and what had been typed. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly project?: string
  readonly label?: string
  readonly start?: Omit<StartSpec, 'project'>
  readonly instance?: string
}

/** The path below the root where it says more than the key. */
function placeOf({ key, path }: Project, root: string): string | null {
  const place = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
  return place === key ? null : place
}

/** Whether a project or one of its instances is called something with `query` in it. */
export function isMatch(project: Project, at: RenderContext, query: string): boolean {
  const names = project.instances.filter(isOpen).flatMap(({ label, name }) => [label ?? '', name])
  const text = [project.key, placeOf(project, at.root) ?? '', ...names].join(' ')
  return text.toLowerCase().includes(query.trim().toLowerCase())
}

/** The whole card; only its rows and its message change while a page is open. */
export const ProjectCard: FC<{
  project: Project
  ended: readonly Instance[]
  at: RenderContext
  refusal?: Refusal | undefined
  hidden?: boolean
}> = ({ project, ended, at, refusal, hidden }) => {
  const { key } = project
  const place = placeOf(project, at.root)
  const own = refusal?.project === key ? refusal : undefined
  return (
    <section
      id={`p-${key}`}
      class="card"
      data-project={key}
      aria-labelledby={`h-${key}`}
      tabindex={-1}
      hidden={hidden}
    >
      <header>
        <div class="names">
          <h2 id={`h-${key}`} data-find>
            {key}
          </h2>
          {place === null ? null : (
            <p class="path" data-find>
              {place}
            </p>
          )}
        </div>
        <StartForm project={key} label={own?.label} />
        <StopAll
          action={`/projects/${key}/stop-all`}
          target={`#msg-${key}`}
          id={`s-${key}`}
          label={`Stop all of ${key}`}
          question={`Stop every instance of ${key}?`}
        />
      </header>
      {project.gone ? (
        <p class="moved">
          lab no longer finds this folder: it was renamed, moved or removed. The agents in it still
          run.
        </p>
      ) : null}
      <div id={`msg-${key}`} class="message" role="alert">
        {own ? <RefusalText refusal={own} /> : null}
      </div>
      <ul id={`list-${key}`} class="rows">
        {project.instances.filter(isOpen).map((instance) => (
          <InstanceRow instance={instance} at={at} />
        ))}
      </ul>
      <EndedBox project={key} instances={ended} at={at} />
    </section>
  )
}

const StartForm: FC<{ project: string; label: string | undefined }> = ({ project, label }) => {
  const action = `/projects/${project}/instances`
  return (
    <form
      id={`start-${project}`}
      class="start"
      method="post"
      action={action}
      hx-post={action}
      hx-target={`#msg-${project}`}
      hx-sync="this:drop"
    >
      <input
        id={`label-${project}`}
        name="label"
        value={label}
        maxlength={labelCharsMax}
        placeholder="Label (optional)"
        aria-label={`Label of a new instance in ${project}`}
        autocomplete="off"
        enterkeyhint="go"
      />
      <button class="button primary" aria-label={`Start an instance in ${project}`}>
        <span class="idle">Start</span>
        <span class="pending">Starting…</span>
      </button>
    </form>
  )
}

/** Takes the card of a vanished project off the page. */
export const GoneCard: FC<{ project: string; at: RenderContext }> = ({ project, at }) => (
  <section id={`p-${project}`} data-rev={at.rev} data-gone />
)

/** What a message line says of a refusal, and the way out where there is one. */
export const RefusalText: FC<{ refusal: Refusal }> = ({ refusal }) => {
  const { code, message, project, instance } = refusal
  return (
    <>
      <p data-at-capacity={code === 'at_capacity' || undefined}>
        <Prose text={message} />
      </p>
      {code === 'conversation_gone' && instance !== undefined ? (
        <ResumeBlank form={`resume-${instance}`} />
      ) : null}
      {code !== 'not_logged_in' && code !== 'conversation_parked' ? null : project !== undefined ? (
        <ForceButton form={`start-${project}`} verb="Start" />
      ) : instance !== undefined ? (
        <ForceButton form={`resume-${instance}`} verb="Resume" />
      ) : null}
    </>
  )
}

/** Asks once before it stops many; needs no script. */
export const StopAll: FC<{
  action: string
  target: string
  id: string
  label: string
  question: string
}> = ({ action, target, id, label, question }) => (
  <details class="menu confirm" name="menu" id={id}>
    <summary class="button quiet" aria-label={label}>
      Stop all
    </summary>
    <form
      class="panel"
      method="post"
      action={action}
      hx-post={action}
      hx-target={target}
      hx-sync="this:drop"
    >
      <p>{question}</p>
      <button class="button danger">
        <span class="idle">Stop all</span>
        <span class="pending">Stopping…</span>
      </button>
    </form>
  </details>
)
