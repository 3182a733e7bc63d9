// What a page and the streams show: the picture at a moment, and each event as one line of JSON or one
// message of HTML, rendered once and shared by all streams.
import { createHash, randomBytes } from 'node:crypto'
import { isOpen, type Instance, type LabEvent, type Project } from '../core/instance.ts'
import type { ServerInfo, Service } from './deps.ts'
import type { Begin } from './streams.ts'
import { Offer, offerText } from './views/come-back.tsx'
import { endedOf } from './views/ended.tsx'
import { GoneRow } from './views/row.tsx'
import type { Moment } from './views/moment.ts'
import { Needs, needsText } from './views/needs.tsx'
import { CapCount } from './views/overview.tsx'
import { Change, Placed, Whole } from './views/partials.tsx'
import { htmlOf, Partial } from './views/parts.tsx'
import type { Picture } from './views/picture.ts'
import { GoneCard } from './views/project.tsx'

export interface Live {
  /** The present moment; every call is a later one. */
  moment(): Moment
  /** Everything the page shows; no live instance is missing, whatever became of its folder. */
  picture(): Picture
  /** The partials that bring a page up to date after a form changed these instances. */
  partials(changed: readonly Instance[], gone?: readonly string[]): string
  /** The stream of a page that has the cards and the ended instances named by `known`. */
  page(known: string): Begin
  /** The stream of the JSON API. */
  api(): Begin
}

/** Ends a server-sent message of one or many lines. */
function message(text: string, id?: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`
}

/** Names a set, so that a reconnecting page is only sent what it lacks. */
function nameOf(set: readonly string[]): string {
  return createHash('sha256').update(set.toSorted().join('\0\0')).digest('base64url').slice(0, 12)
}

/** Names the cards and the ended instances, apart. */
function knownOf(projects: readonly Project[], ended: readonly Instance[]): string {
  const cards = projects.map(({ key, path }) => `${key}\0${path}`)
  return `${nameOf(cards)}.${nameOf(ended.map(({ id, endedAt }) => `${id}\0${endedAt}`))}`
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

/** Makes the live side of one app. */
export function createLive(
  instances: Service,
  { now, root, server }: { now: () => number; root: string; server: () => ServerInfo },
): Live {
  const boot = randomBytes(4).toString('hex')
  let serial = 0
  const moment = (): Moment => ({
    rev: `${boot}.${++serial}`,
    now: now(),
    root,
    until: Number.POSITIVE_INFINITY,
  })

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

  function picture(): Picture {
    const all = projects()
    const ended = instances.list({ ended: true }).filter((one) => !isOpen(one))
    return {
      projects: all,
      ended,
      cap: instances.cap(),
      notices: instances.notices(),
      foreign: instances.foreign(),
      offer: instances.comeBack(),
      known: knownOf(all, ended),
      lab: server(),
    }
  }

  // What is made of many instances at once: sent only when it shows something else.
  const needs = (at: Moment) => <Needs instances={instances.list()} at={at} />
  const offer = (at: Moment) => <Offer offer={instances.comeBack()} cap={instances.cap()} at={at} />
  const sums = [
    { text: () => needsText(instances.list()), draw: needs },
    { text: () => offerText(instances.comeBack(), instances.cap()), draw: offer },
  ].map(({ text, draw }) => ({
    text,
    textAt: oncePerEvent(text),
    htmlAt: oncePerEvent(() => htmlOf(<Partial into="body">{draw(moment())}</Partial>)),
  }))

  const changeOf = oncePerEvent((event) => {
    const key = event.type === 'project' ? event.project.key : null
    const ended = key === null ? [] : endedOf(instances.list({ ended: true }), key)
    return htmlOf(<Change event={event} ended={ended} at={moment()} />)
  })

  const lineOf = oncePerEvent((event): string | null => {
    if (event.type === 'foreign' || event.type === 'notices') return null
    return message(JSON.stringify(event))
  })

  return {
    moment,
    picture,
    partials(changed, gone = []) {
      const at = moment()
      return htmlOf(
        <>
          {changed.map((instance) => (
            <Placed instance={instance} at={at} />
          ))}
          <Partial into="body">
            {gone.map((id) => (
              <GoneRow id={id} at={at} />
            ))}
            {needs(at)}
            {offer(at)}
            <CapCount cap={instances.cap()} at={at} />
          </Partial>
        </>,
      )
    },
    page: (known) => (send) => {
      const [cards, ended] = known.split('.')
      const whole = picture()
      const [ownCards, ownEnded] = whole.known.split('.')
      const shownCards = new Map(whole.projects.map(({ key, path }) => [key, path]))
      let texts = sums.map(({ text }) => text())
      const lacks = { sendCards: cards !== ownCards, sendEnded: ended !== ownEnded }
      const first = htmlOf(<Whole picture={whole} at={moment()} {...lacks} />)
      send(message(first, whole.known))

      /** The card of a project that this page has not got. */
      const cardFor = (event: LabEvent): string => {
        const wanted = placeOf(event)
        if (!wanted || shownCards.get(wanted.key) === wanted.path) return ''
        const project =
          event.type === 'project'
            ? event.project
            : projects().find(({ key }) => key === wanted.key)
        if (!project || shownCards.get(project.key) === project.path) return ''
        shownCards.set(project.key, project.path)
        return changeOf({ type: 'project', project })
      }

      /** Takes cards off whose projects are no more; asked once when many projects are told of. */
      let isLooking = false
      const lookForGone = (): void => {
        if (isLooking) return
        isLooking = true
        const look = (): void => {
          isLooking = false
          const present = new Set(projects().map(({ key }) => key))
          const gone = [...shownCards.keys()].filter((key) => !present.has(key))
          gone.forEach((key) => shownCards.delete(key))
          if (gone.length === 0) return
          const at = moment()
          const marks = gone.map((key) => <GoneCard project={key} at={at} />)
          send(message(htmlOf(<Partial into="body">{marks}</Partial>)))
        }
        // What fails here fails again at the next event, and is logged there.
        void Promise.resolve()
          .then(look)
          .catch(() => undefined)
      }

      return (event) => {
        const card = cardFor(event)
        const change = event.type === 'project' ? '' : changeOf(event)
        let changes = card + change
        if (['instance', 'removed', 'cap'].includes(event.type)) {
          const after = sums.map(({ textAt }) => textAt(event))
          sums.forEach(({ htmlAt }, i) => (changes += after[i] === texts[i] ? '' : htmlAt(event)))
          texts = after
        }
        if (changes !== '') send(message(changes))
        if (event.type === 'project' || isEnd(event)) lookForGone()
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

/** The card that an event belongs into. */
function placeOf(event: LabEvent): Pick<Project, 'key' | 'path'> | null {
  if (event.type === 'project') return event.project
  if (event.type !== 'instance') return null
  return { key: event.instance.project, path: event.instance.projectPath }
}

/** Whether a card may have lost the last that kept it. */
function isEnd(event: LabEvent): boolean {
  return event.type === 'removed' || (event.type === 'instance' && !isOpen(event.instance))
}
