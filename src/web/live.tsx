// What a page and the streams show: the picture at a moment, and each event as one line of JSON or one
// message of HTML, rendered once and shared by all streams.
import { createHash, randomBytes } from 'node:crypto'
import type { Instance, LabEvent, Project } from '../core/instance.ts'
import type { Service } from './env.ts'
import type { Begin } from './streams.ts'
import type { Picture } from './views/document.tsx'
import { GoneRow, InstanceRow, isShown } from './views/instance.tsx'
import type { Moment } from './views/moment.ts'
import { CapCount, Foreign, needy, Needs, Notices } from './views/overview.tsx'
import { htmlOf, Partial } from './views/parts.tsx'
import { ProjectCard } from './views/project.tsx'

export interface Live {
  /** The present moment; every call is a later one. */
  moment(): Moment
  /** Everything the page shows; no live instance is missing, whatever became of its folder. */
  picture(): Picture
  /** The partials that bring a page up to date after a form changed these instances. */
  partials(changed: readonly Instance[], gone?: readonly string[]): string
  /** The stream of a page that has the cards named by `cards`. */
  page(cards: string): Begin
  /** The stream of the JSON API. */
  api(): Begin
}

/** Ends a server-sent message of one or many lines. */
function message(text: string, id?: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`
}

/** Names a set of cards, so that a reconnecting page is only sent those it lacks. */
function cardsOf(projects: readonly Project[]): string {
  const hash = createHash('sha256')
  for (const { key, path } of projects.toSorted((a, b) => (a.key < b.key ? -1 : 1)))
    hash.update(`${key}\0${path}\0`)
  return hash.digest('base64url').slice(0, 12)
}

/** Remembers what was made of an event as long as somebody still holds the event. */
function oncePerEvent<T>(make: (event: LabEvent) => T): (event: LabEvent) => T {
  const made = new WeakMap<LabEvent, { readonly value: T }>()
  return (event) => {
    const kept = made.get(event) ?? { value: make(event) }
    made.set(event, kept)
    return kept.value
  }
}

const row = (instance: Instance, at: Moment) => (
  <Partial into={`#list-${instance.project}`}>
    <InstanceRow instance={instance} at={at} />
  </Partial>
)

/** Makes the live side of one app. */
export function createLive(instances: Service, now: () => number, root: string): Live {
  const boot = randomBytes(4).toString('hex')
  let serial = 0
  const moment = (): Moment => ({ rev: `${boot}.${++serial}`, now: now(), root })

  /** The projects, and a card for each whose instances outlive it. */
  function projects(): readonly Project[] {
    const known = [...instances.projects()]
    const keys = new Set(known.map(({ key }) => key))
    for (const { project: key, projectPath: path } of instances.list()) {
      if (keys.has(key)) continue
      keys.add(key)
      const own = instances.list().filter(({ project }) => project === key)
      known.push({ key, path, lastUsedAt: null, instances: own })
    }
    return known
  }

  const needs = (at: Moment) => <Needs instances={instances.list()} at={at} />
  const cap = (at: Moment) => <CapCount cap={instances.cap()} at={at} />

  /** What the strip shows, as a text to compare. */
  function stripShows(): string {
    const list = needy(instances.list())
    return JSON.stringify(
      list.map(({ id, state, label, waitingFor }) => [id, state, label, waitingFor]),
    )
  }
  const stripAt = oncePerEvent(stripShows)
  const stripOf = oncePerEvent(() => htmlOf(<Partial into="body">{needs(moment())}</Partial>))

  const changeOf = oncePerEvent((event): string => {
    const at = moment()
    switch (event.type) {
      case 'instance':
        return htmlOf(row(event.instance, at))
      case 'removed':
        return htmlOf(
          <Partial into="body">
            <GoneRow id={event.id} at={at} />
          </Partial>,
        )
      case 'project':
        return htmlOf(
          <Partial into="#projects">
            <ProjectCard project={event.project} at={at} />
          </Partial>,
        )
      case 'cap':
        return htmlOf(
          <Partial into="body">
            <CapCount cap={event.cap} at={at} />
          </Partial>,
        )
      case 'foreign':
        return htmlOf(
          <Partial into="body">
            <Foreign foreign={event.foreign} at={at} />
          </Partial>,
        )
      case 'notices':
        return htmlOf(
          <Partial into="body">
            <Notices notices={event.notices} at={at} />
          </Partial>,
        )
    }
  })

  /** Everything but the cards that the page has already; what is not named in it has gone. */
  function snapshot(all: readonly Project[], sendCards: boolean): string {
    const at = moment()
    const shown = all.flatMap((project) => project.instances).filter(isShown)
    return htmlOf(
      <>
        {sendCards ? (
          <Partial into="#projects">
            {all.map((project) => (
              <ProjectCard project={project} at={at} />
            ))}
          </Partial>
        ) : null}
        {shown.map((instance) => row(instance, at))}
        <Partial into="body">
          {needs(at)}
          {cap(at)}
          <Notices notices={instances.notices()} at={at} />
          <Foreign foreign={instances.foreign()} at={at} />
        </Partial>
        <Partial into="body" swap="whole">
          <i
            data-rev={at.rev}
            data-ids={shown.map(({ id }) => id).join(' ')}
            data-keys={all.map(({ key }) => key).join(' ')}
          />
        </Partial>
      </>,
    )
  }

  const lineOf = oncePerEvent((event): string | null => {
    if (event.type === 'foreign' || event.type === 'notices') return null
    return message(JSON.stringify(event))
  })

  return {
    moment,
    picture() {
      const all = projects()
      return {
        projects: all,
        cap: instances.cap(),
        notices: instances.notices(),
        foreign: instances.foreign(),
        cards: cardsOf(all),
      }
    },
    partials(changed, gone = []) {
      const at = moment()
      return htmlOf(
        <>
          {changed.map((instance) => row(instance, at))}
          <Partial into="body">
            {gone.map((id) => (
              <GoneRow id={id} at={at} />
            ))}
            {needs(at)}
            {cap(at)}
          </Partial>
        </>,
      )
    },
    page: (cards) => (send) => {
      const all = projects()
      const known = new Map(all.map(({ key, path }) => [key, path]))
      let stripShown = stripShows()
      send(message(snapshot(all, cards !== cardsOf(all)), cardsOf(all)))

      /** The card of a project that this page has not got. */
      const cardFor = (event: LabEvent): string => {
        const key = event.type === 'instance' ? event.instance.project : null
        const project =
          event.type === 'project' ? event.project : projects().find((one) => one.key === key)
        if (!project || known.get(project.key) === project.path) return ''
        known.set(project.key, project.path)
        return changeOf({ type: 'project', project })
      }
      return (event) => {
        const card = cardFor(event)
        const change = event.type === 'project' ? '' : changeOf(event)
        let strips = ''
        if (event.type === 'instance' || event.type === 'removed') {
          if (stripAt(event) !== stripShown) strips = stripOf(event)
          stripShown = stripAt(event)
        }
        if (card + change + strips !== '') send(message(card + change + strips))
      }
    },
    api: () => (send) => {
      const first = { type: 'snapshot', instances: instances.list(), cap: instances.cap() }
      send(message(JSON.stringify(first)))
      return (event) => {
        const line = lineOf(event)
        if (line !== null) send(line)
      }
    },
  }
}
