// What travels to a page that is open: one change, or the whole picture, as partials.
import type { Child, FC } from 'hono/jsx'
import type { LabEvent } from '../../core/events.ts'
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import { Offer } from './instance/resume-offer.tsx'
import { endedOf } from './instance/ended.tsx'
import { GoneRow, hasRow, InstanceRow } from './instance/row.tsx'
import type { RenderContext } from './render-context.ts'
import { Attention } from './instance/attention.tsx'
import { CapCount, Foreign, Notices } from './overview.tsx'
import { Partial } from './parts.tsx'
import type { Snapshot } from './snapshot.ts'
import { ProjectCard, rowsOf } from './project.tsx'
import { PaneBody, type Pane } from './pane/pane.tsx'
import { StopAllOfAll } from './pane/stop.tsx'

/** An instance's row, or what takes it off. */
export const Placed: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) =>
  hasRow(instance, at) ? (
    <Partial into={`#list-${instance.project}`}>
      <InstanceRow instance={instance} at={at} />
    </Partial>
  ) : (
    inBody(<GoneRow id={instance.id} at={at} />)
  )

/** A pane that is open, drawn again; a page that shows another one drops it. */
export const PanePartial: FC<{ pane: Pane; at: RenderContext }> = ({ pane, at }) => (
  <Partial into="body">
    <PaneBody pane={pane} at={at} />
  </Partial>
)

/** What one event changes on the page; `ended` are the instances that a new card lists as ended. */
export const Change: FC<{ event: LabEvent; ended: readonly Instance[]; at: RenderContext }> = ({
  event,
  ended,
  at,
}) => {
  switch (event.type) {
    case 'instance':
      return <Placed instance={event.instance} at={at} />
    case 'project':
      return (
        <Partial into="#projects">
          <ProjectCard project={event.project} ended={ended} at={at} />
        </Partial>
      )
    case 'removed':
      return inBody(<GoneRow id={event.id} at={at} />)
    case 'foreign':
      return inBody(<Foreign foreign={event.foreign} at={at} />)
    case 'notices':
      return inBody(<Notices notices={event.notices} at={at} />)
    case 'moved':
    case 'question':
    case 'rescanned':
    // The bar sums it up, see live/summaries.tsx.
    case 'cap':
      return null
  }
}

const inBody = (children: Child): ReturnType<typeof Partial> => (
  <Partial into="body">{children}</Partial>
)

/** Cards that a page lacks. */
export const CardsPartial: FC<{
  projects: readonly Project[]
  snapshot: Snapshot
  at: RenderContext
}> = ({ projects, snapshot, at }) => (
  <Partial into="#projects">
    {projects.map((project) => (
      <ProjectCard project={project} ended={endedOf(snapshot.ended, project.key)} at={at} />
    ))}
  </Partial>
)

/** Everything but the projects and rows that the page has already; what it does not name has gone. */
export const SnapshotPartial: FC<{
  cards: readonly Project[]
  isNews: (instance: Instance) => boolean
  snapshot: Snapshot
  at: RenderContext
}> = ({ cards, isNews, snapshot, at }) => {
  const { projects } = snapshot
  const open = projects.flatMap((project) => project.instances).filter(isOpen)
  const shown = projects.flatMap((project) => rowsOf(project, snapshot.ended, at))
  return (
    <>
      {cards.length > 0 ? <CardsPartial projects={cards} snapshot={snapshot} at={at} /> : null}
      {shown.filter(isNews).map((instance) => (
        <Placed instance={instance} at={at} />
      ))}
      <Partial into="body">
        <Attention instances={open} offer={snapshot.offer} at={at} />
        <Offer offer={snapshot.offer} cap={snapshot.cap} at={at} />
        <CapCount cap={snapshot.cap} instances={open} at={at} />
        <StopAllOfAll instances={open} at={at} />
        <Notices notices={snapshot.notices} at={at} />
        <Foreign foreign={snapshot.foreign} at={at} />
      </Partial>
      <Partial into="body" swap="whole">
        <i
          data-rev={at.rev}
          data-ids={shown.map(({ id }) => id).join(' ')}
          data-keys={projects.map(({ key }) => key).join(' ')}
        />
      </Partial>
    </>
  )
}
