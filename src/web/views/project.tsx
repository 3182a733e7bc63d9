// A project in the list: its name, the button that starts one more agent, and its rows.
import type { FC } from 'hono/jsx'
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import { hasRow, InstanceRow } from './instance/row.tsx'
import { PaneLink } from './pane/link.tsx'
import type { RenderContext } from './render-context.ts'
import { RefusalText, type Refusal } from './refusal.tsx'

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

/** The instances that the list shows of a project: the open ones, then those whose stop can be taken back. */
export function rowsOf(
  { key, instances }: Project,
  ended: readonly Instance[],
  at: RenderContext,
): readonly Instance[] {
  const own = ended.filter((one) => one.project === key && hasRow(one, at))
  return [...instances.filter(isOpen), ...own].toSorted((a, b) => a.slot - b.slot)
}

/** The whole section; only its rows and its message change while a page is open. */
export const ProjectCard: FC<{
  project: Project
  ended: readonly Instance[]
  at: RenderContext
  refusal?: Refusal | undefined
  hidden?: boolean
}> = ({ project, ended, at, refusal, hidden }) => {
  const { key, gone } = project
  const place = placeOf(project, at.root)
  const own = refusal?.project === key && refusal.place !== 'start' ? refusal : undefined
  const rows = rowsOf(project, ended, at)
  const branch = project.instances.find(({ workspace }) => workspace.branch)?.workspace.branch
  return (
    <section
      id={`p-${key}`}
      class="card"
      data-project={key}
      data-rows={Math.min(2, rows.length)}
      aria-labelledby={`h-${key}`}
      tabindex={-1}
      hidden={hidden}
    >
      <header>
        <PaneLink class="names" href={`/projects/${key}`}>
          <h2 id={`h-${key}`} data-find>
            {key}
          </h2>
          {place === null ? null : (
            <span class="path" data-find>
              {place}
            </span>
          )}
          <span class="branch">{branch ? `⎇ ${branch}` : null}</span>
          {gone ? <span class="moved">folder gone</span> : null}
        </PaneLink>
        <StartOne project={key} />
      </header>
      <div id={`msg-${key}`} class="message" role="alert">
        {own ? <RefusalText refusal={own} /> : null}
      </div>
      <ul id={`list-${key}`} class="rows">
        {rows.map((instance) => (
          <InstanceRow instance={instance} at={at} />
        ))}
      </ul>
    </section>
  )
}

/** Starts an agent without a label in one tap. */
const StartOne: FC<{ project: string }> = ({ project }) => {
  const action = `/projects/${project}/instances`
  return (
    <form
      id={`start-${project}`}
      class="start-one"
      method="post"
      action={action}
      hx-post={action}
      hx-target={`#msg-${project}`}
      hx-sync="this:drop"
    >
      <button class="button plus" aria-label={`Start an instance in ${project}`}>
        <svg class="icon idle" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M8 2.5v11M2.5 8h11" />
        </svg>
        <span class="pending">…</span>
      </button>
    </form>
  )
}

/** Takes the card of a vanished project off the page. */
export const GoneCard: FC<{ project: string; at: RenderContext }> = ({ project, at }) => (
  <section id={`p-${project}`} data-rev={at.rev} data-gone />
)
