// What the streams say: the whole picture first, then each event as one line of JSON or one message of
// HTML, made once and shared by all streams.
import { isOpen, type LabEvent, type Project } from '../../core/instance.ts'
import type { Service } from '../deps.ts'
import type { PageModel } from './page-model.tsx'
import { createTurns } from '../../turns.ts'
import type { OnOpen, Outlet } from './streams.ts'
import { Offer, resumeOfferText } from '../views/instance/resume-offer.tsx'
import { endedOf } from '../views/instance/ended.tsx'
import { Attention, attentionText } from '../views/instance/attention.tsx'
import { CardsPartial, Change, SnapshotPartial } from '../views/partials.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'
import { GoneCard } from '../views/project.tsx'

export interface Messages {
  /** Tells a page that has the cards and the ended instances named by `known`. */
  page(known: string): OnOpen
  /** Tells a program, in JSON. */
  api(): OnOpen
}

// A thousand cards are two megabytes: no browser must take them at once, and none is drawn while others wait.
const cardsPerMessage = 20

/** Makes what one app's streams are told by. */
export function createMessages(instances: Service, pageModel: PageModel): Messages {
  const turn = createTurns()
  const sums = sumsOf(instances, pageModel)
  const changeOf = oncePerEvent((event) => {
    const key = event.type === 'project' ? event.project.key : null
    const ended = key === null ? [] : endedOf(instances.list({ ended: true }), key)
    return htmlOf(<Change event={event} ended={ended} at={pageModel.renderContext()} />)
  })

  const lineOf = oncePerEvent((event): string | null => {
    if (['foreign', 'notices', 'rescanned'].includes(event.type)) return null
    return message(JSON.stringify(event))
  })

  /** Says everything that a page lacks which has what `known` names, as of one moment, a part at a time. */
  async function sayBeginning(known: string, { send, room }: Outlet): Promise<Cards> {
    const [cards, ended] = known.split('.')
    const snapshot = pageModel.snapshot()
    const at = pageModel.renderContext()
    const [ownCards, ownEnded] = snapshot.known.split('.')
    const sendEnded = ended !== ownEnded
    const lacking = cards === ownCards ? [] : [...snapshot.projects]
    while (lacking.length > cardsPerMessage) {
      const some = lacking.splice(0, cardsPerMessage)
      send(message(htmlOf(<CardsPartial projects={some} snapshot={snapshot} at={at} />)))
      await turn()
      await room()
    }
    const rest = htmlOf(
      <SnapshotPartial cards={lacking} snapshot={snapshot} at={at} sendEnded={sendEnded} />,
    )
    send(message(rest, snapshot.known))
    return createCards(snapshot.projects, () => pageModel.projects())
  }

  return {
    page: (known) => async (outlet) => {
      const { send } = outlet
      let texts = sums.map(({ text }) => text())
      const cards = await sayBeginning(known, outlet)
      // Asked once when many end at once.
      const lookForGone = oncePerTurn(() => {
        const at = pageModel.renderContext()
        const marks = cards.takeGone().map((key) => <GoneCard project={key} at={at} />)
        if (marks.length > 0) send(message(htmlOf(<Partial into="body">{marks}</Partial>)))
      })
      let isChanged = false
      return (event, manyWait) => {
        if (event.type === 'rescanned') lookForGone()
        const lacking = cards.takeLacking(event)
        const isCard = event.type === 'project'
        // A card comes before what goes into it, and once.
        let changes =
          lacking === null || isCard ? '' : changeOf({ type: 'project', project: lacking })
        const isNews = event.type !== 'rescanned' && (lacking !== null || !isCard)
        if (isNews) changes += changeOf(event)
        isChanged ||= ['instance', 'removed', 'cap'].includes(event.type)
        if (isChanged && !manyWait) {
          isChanged = false
          const after = sums.map(({ textAt }) => textAt(event))
          sums.forEach(({ htmlAt }, i) => (changes += after[i] === texts[i] ? '' : htmlAt(event)))
          texts = after
        }
        if (changes !== '') send(message(changes))
        if (isEnd(event)) lookForGone()
      }
    },
    api:
      () =>
      ({ send }) => {
        const first = { type: 'snapshot', instances: instances.list(), cap: instances.cap() }
        send(message(JSON.stringify(first)))
        return (event) => {
          const line = lineOf(event)
          if (line !== null) send(line)
        }
      },
  }
}

/** What is made of many instances at once: sent only when it shows something else. */
function sumsOf(instances: Service, pageModel: PageModel) {
  return [
    {
      text: () => attentionText(instances.list(), instances.resumeOffer()),
      html: () => (
        <Attention
          instances={instances.list()}
          offer={instances.resumeOffer()}
          at={pageModel.renderContext()}
        />
      ),
    },
    {
      text: () => resumeOfferText(instances.resumeOffer(), instances.cap()),
      html: () => (
        <Offer
          offer={instances.resumeOffer()}
          cap={instances.cap()}
          at={pageModel.renderContext()}
        />
      ),
    },
  ].map(({ text, html }) => ({
    text,
    textAt: oncePerEvent(text),
    htmlAt: oncePerEvent(() => htmlOf(<Partial into="body">{html()}</Partial>)),
  }))
}

interface Cards {
  /** The project that an event is about, when the page has no card of it; from then on it has. */
  takeLacking(event: LabEvent): Project | null
  /** The cards whose projects are no more; from then on the page has them no more. */
  takeGone(): readonly string[]
}

/** Knows which cards one page has, having begun with those of `first`. */
function createCards(first: readonly Project[], projects: () => readonly Project[]): Cards {
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

/** Whether a card may have lost the last that kept it. */
function isEnd(event: LabEvent): boolean {
  return event.type === 'removed' || (event.type === 'instance' && !isOpen(event.instance))
}

/** Ends a server-sent message of one or many lines. */
function message(text: string, id?: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`
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

/** Does it once for all calls of the present turn, after them. */
function oncePerTurn(work: () => void): () => void {
  let isAsked = false
  return () => {
    if (isAsked) return
    isAsked = true
    // What fails here fails again at the next event, and is logged there.
    void Promise.resolve()
      .then(() => {
        isAsked = false
        work()
      })
      .catch(() => undefined)
  }
}
