// What travels to a page that is open: one change, or the whole picture, as partials.
import type { Child, FC } from 'hono/jsx'
import type { LabEvent } from '../../core/events.ts'
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import { Offer } from './instance/resume-offer.tsx'
import { endedOf, EndedRow } from './instance/ended.tsx'
import { GoneRow, InstanceRow } from './instance/row.tsx'
import type { RenderContext } from './render-context.ts'
import { Attention } from './instance/attention.tsx'
import { CapCount, Foreign, Notices } from './overview.tsx'
import { Partial } from './parts.tsx'
import type { Snapshot } from './snapshot.ts'
import { ProjectCard } from './project.tsx'

/** An instance where it belongs: among the rows, or among the ended ones of its project. */
export const Placed: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) =>
  isOpen(instance) ? (
    <Partial into={`#list-${instance.project}`}>
      <InstanceRow instance={instance} at={at} />
    </Partial>
  ) : (
    <Partial into={`#ended-${instance.project}`}>
      <EndedRow instance={instance} at={at} />
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
    case 'cap':
      return inBody(<CapCount cap={event.cap} at={at} />)
    case 'foreign':
      return inBody(<Foreign foreign={event.foreign} at={at} />)
    case 'notices':
      return inBody(<Notices notices={event.notices} at={at} />)
    case 'moved':
    case 'question':
    case 'rescanned':
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

/** Everything but the cards and the ended ones that the page has already; what it does not name has gone. */
export const SnapshotPartial: FC<{
  cards: readonly Project[]
  snapshot: Snapshot
  at: RenderContext
  sendEnded: boolean
}> = ({ cards, snapshot, at, sendEnded }) => {
  const { projects } = snapshot
  const shown = projects.flatMap((project) => project.instances).filter(isOpen)
  const ended = projects.flatMap(({ key }) => endedOf(snapshot.ended, key))
  return (
    <>
      {cards.length > 0 ? <CardsPartial projects={cards} snapshot={snapshot} at={at} /> : null}
      {/* The oldest first: each goes before the last. */}
      {[...shown, ...(sendEnded ? ended.toReversed() : [])].map((instance) => (
        <Placed instance={instance} at={at} />
      ))}
      <Partial into="body">
        <Attention instances={shown} offer={snapshot.offer} at={at} />
        <Offer offer={snapshot.offer} cap={snapshot.cap} at={at} />
        <CapCount cap={snapshot.cap} at={at} />
        <Notices notices={snapshot.notices} at={at} />
        <Foreign foreign={snapshot.foreign} at={at} />
      </Partial>
      <Partial into="body" swap="whole">
        <i
          data-rev={at.rev}
          data-ids={[...shown, ...ended].map(({ id }) => id).join(' ')}
          data-keys={projects.map(({ key }) => key).join(' ')}
        />
      </Partial>
    </>
  )
}
