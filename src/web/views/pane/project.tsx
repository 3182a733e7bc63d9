// The page of one project: where it lies, what runs in it, and what ended there.
import type { FC } from 'hono/jsx'
import type { Instance, Project } from '../../../core/instance.ts'
import { EndedRow } from '../instance/ended.tsx'
import type { RenderContext } from '../render-context.ts'
import { Back } from './link.tsx'
import { StartLink } from './start.tsx'
import { StopAll } from './stop.tsx'

/** The pane; each event about the project's instances draws it again. */
export const ProjectPane: FC<{
  project: Project
  ended: readonly Instance[]
  at: RenderContext
}> = ({ project: { key, path, gone, instances }, ended, at }) => (
  <article id={`d-${key}`} class="pane" data-rev={at.rev} data-update>
    <header>
      <Back />
      <h2 id="pane-title" tabindex={-1}>
        {key}
      </h2>
      <p class="soft">
        <code>{path}</code>
      </p>
    </header>
    {gone ? (
      <p class="moved">
        lab no longer finds this folder: it was renamed, moved or removed. The agents in it still
        run.
      </p>
    ) : (
      <StartLink project={key} class="primary">
        Start an agent here
      </StartLink>
    )}
    <div id={`msg-pane-${key}`} class="message" role="alert" />
    <section aria-label="Ended">
      <h3>Ended</h3>
      {ended.length === 0 ? <p class="soft">Nothing has ended here.</p> : null}
      <ul id={`ended-${key}`} class="rows">
        {ended.map((instance) => (
          <EndedRow instance={instance} at={at} />
        ))}
      </ul>
    </section>
    <StopAll
      id={`s-${key}`}
      action={`/projects/${key}/stop-all`}
      target={`#msg-pane-${key}`}
      label={`Stop all of ${key}`}
      instances={instances}
      rev={at.rev}
    />
  </article>
)
