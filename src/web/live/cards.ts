// Which cards one open page has: a card is sent before what goes into it, and taken off with its project.
import type { LabEvent } from '../../core/events.ts'
import type { Project } from '../../core/instance.ts'

export interface Cards {
  /** The project that an event is about, when the page has no card of it; from then on it has. */
  takeLacking(event: LabEvent): Project | null
  /** The keys of cards whose projects are gone; from then on the page has them no more. */
  takeGone(): readonly string[]
}

/** Begins with the cards of `first`; `projects` returns those of now. */
export function createCards(first: readonly Project[], projects: () => readonly Project[]): Cards {
  const paths = new Map(first.map(({ key, path }) => [key, path]))
  const has = ({ key, path }: Place): boolean => paths.get(key) === path
  return {
    takeLacking(event) {
      const wanted = placeOf(event)
      if (!wanted || has(wanted)) return null
      const project =
        event.type === 'project' ? event.project : projects().find(({ key }) => key === wanted.key)
      if (!project || has(project)) return null
      paths.set(project.key, project.path)
      return project
    },
    takeGone() {
      const present = new Set(projects().map(({ key }) => key))
      const gone = [...paths.keys()].filter((key) => !present.has(key))
      gone.forEach((key) => paths.delete(key))
      return gone
    },
  }
}

type Place = Pick<Project, 'key' | 'path'>

/** The card that an event belongs into. */
function placeOf(event: LabEvent): Place | null {
  if (event.type === 'project') return event.project
  if (event.type !== 'instance') return null
  return { key: event.instance.project, path: event.instance.projectPath }
}
