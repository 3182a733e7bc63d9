// What the streams send: a snapshot first, then each event as one line of JSON or one message of HTML,
// made once and shared by all streams.
import { audience, type LabEvent } from '../../core/events.ts'
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import type { Service } from '../../instances/service.ts'
import { createTurns } from '../../turns.ts'
import { endedOf } from '../views/instance/ended.tsx'
import { CardsPartial, Change, PanePartial, SnapshotPartial } from '../views/partials.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'
import { GoneCard } from '../views/project.tsx'
import { rowText } from '../views/instance/row.tsx'
import { createCards, type Cards } from './cards.ts'
import { oncePerEvent, oncePerTurn } from './once.ts'
import type { PageModel } from './page-model.tsx'
import type { Panes } from './panes.ts'
import type { Outlet } from './pipe.ts'
import type { OnOpen } from './stream.ts'
import { createSummaries } from './summaries.tsx'

export interface Messages {
  /** The messages for a page that has the projects named by `known` and shows the pane of the address `at`. */
  page(known: string, at: string): OnOpen
  /** The messages for a program, in JSON. */
  api(): OnOpen
}

/** Makes the messages of one app's streams. */
export function createMessages(
  instances: Service,
  { pageModel, panes }: { readonly pageModel: PageModel; readonly panes: Panes },
): Messages {
  const followSummaries = createSummaries(instances, pageModel)
  const sendSnapshot = createSnapshotSender(pageModel)
  const changeOf = oncePerEvent((event) => {
    const key = event.type === 'project' ? event.project.key : null
    const ended = key === null ? [] : endedOf(instances.list({ ended: true }), key)
    return htmlOf(<Change event={event} ended={ended} at={pageModel.nextContext()} />)
  })
  const lineOf = oncePerEvent((event): string | null => {
    if (!audience[event.type].api) return null
    return message(JSON.stringify(event))
  })

  /** What an event changes on a page that lacks the card of `lacking`: the card comes first, and once. */
  function changesOf(event: LabEvent, lacking: Project | null): string {
    const card = lacking === null ? '' : changeOf({ type: 'project', project: lacking })
    return event.type === 'project' ? card : card + changeOf(event)
  }

  return {
    page: (known, at) => async (outlet) => {
      const summaryChanges = followSummaries()
      const isOtherRow = createRowMemory(instances.list())
      const cards = createCards(await sendSnapshot(known, outlet), () => instances.projects())
      const pane = createPaneFollower(at, { instances, pageModel, panes })
      if (pane.now() !== '') outlet.send(message(pane.now()))
      const dropGoneCards = oncePerTurn(() => sendGone(cards, outlet))
      let isChanged = false
      return (event, manyWait) => {
        const { page } = audience[event.type]
        if (page === 'look') dropGoneCards()
        if (page !== 'draw') return
        const lacking = cards.takeLacking(event)
        let changes = isOtherRow(event) || lacking ? changesOf(event, lacking) : ''
        changes += pane.changes(event)
        isChanged ||= ['instance', 'removed', 'cap'].includes(event.type)
        if (isChanged && !manyWait) {
          isChanged = false
          changes += summaryChanges(event)
        }
        if (changes !== '') outlet.send(message(changes))
        if (isEnd(event)) dropGoneCards()
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

  function sendGone(cards: Cards, { send }: Outlet): void {
    // The folder of a project may have gone before its last instance ended.
    instances.refresh()
    const at = pageModel.nextContext()
    const marks = cards.takeGone().map((key) => <GoneCard project={key} at={at} />)
    if (marks.length > 0) send(message(htmlOf(<Partial into="body">{marks}</Partial>)))
  }
}

/** Makes what draws the pane of one page's address, and looks at its instance for the operator. */
function createPaneFollower(
  at: string,
  { instances, pageModel, panes }: { instances: Service; pageModel: PageModel; panes: Panes },
) {
  /** The pane as it is now; nothing where a stream does not draw it. */
  function now(): string {
    const pane = panes.live(at)
    return pane === null ? '' : htmlOf(<PanePartial pane={pane} at={pageModel.nextContext()} />)
  }

  return {
    now,
    changes(event: LabEvent): string {
      if (!panes.concerns(at, event)) return ''
      // What ends before the eyes of the operator is no news.
      if (event.type === 'instance' && event.instance.unread && panes.shows(at, event.instance.id))
        instances.look(event.instance.id)
      return now()
    },
  }
}

const rowTextAt = oncePerEvent((event) =>
  event.type === 'instance' ? rowText(event.instance) : null,
)

/** Makes the function that tells whether an event changes what one page, which shows `first`, shows in its list. */
function createRowMemory(first: readonly Instance[]): (event: LabEvent) => boolean {
  const said = new Map(first.map((one) => [one.id, rowText(one)]))
  return (event) => {
    if (event.type === 'removed') said.delete(event.id)
    if (event.type !== 'instance') return true
    const { id } = event.instance
    const text = rowTextAt(event)!
    const isOther = said.get(id) !== text
    said.set(id, text)
    return isOther
  }
}

// A thousand cards are two megabytes: no browser must take them at once, and drawing them must not hold up
// the answers to others.
const cardsPerMessage = 20

/**
 * Makes the function that sends everything that a page lacks which has what `known` names, as of one
 * moment, a part at a time. It returns the projects whose cards the page then has.
 */
function createSnapshotSender(
  pageModel: PageModel,
): (known: string, outlet: Outlet) => Promise<readonly Project[]> {
  const turn = createTurns()
  return async (known, { send, room }) => {
    const snapshot = pageModel.snapshot()
    const at = pageModel.nextContext()
    const [cards] = known.split('.')
    const lacking = cards === snapshot.known.split('.')[0] ? [] : [...snapshot.projects]
    const isNews = (instance: Instance): boolean => !pageModel.isShown(instance, known)
    while (lacking.length > cardsPerMessage) {
      const some = lacking.splice(0, cardsPerMessage)
      send(message(htmlOf(<CardsPartial projects={some} snapshot={snapshot} at={at} />)))
      await turn()
      await room()
    }
    const rest = htmlOf(
      <SnapshotPartial cards={lacking} isNews={isNews} snapshot={snapshot} at={at} />,
    )
    send(message(rest, snapshot.known))
    return snapshot.projects
  }
}

/** Whether the event may leave a card without the last instance that kept it. */
function isEnd(event: LabEvent): boolean {
  return event.type === 'removed' || (event.type === 'instance' && !isOpen(event.instance))
}

/** Ends a server-sent message of one or many lines. */
function message(text: string, id?: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`
}
