// What the streams send: a snapshot first, then each event as one line of JSON or one message of HTML,
// made once and shared by all streams.
import { audience, type LabEvent } from '../../core/events.ts'
import { isOpen, type Project } from '../../core/instance.ts'
import type { Service } from '../../instances/service.ts'
import { createTurns } from '../../turns.ts'
import { endedOf } from '../views/instance/ended.tsx'
import { CardsPartial, Change, SnapshotPartial } from '../views/partials.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'
import { GoneCard } from '../views/project.tsx'
import { createCards, type Cards } from './cards.ts'
import { oncePerEvent, oncePerTurn } from './once.ts'
import type { PageModel } from './page-model.tsx'
import type { Outlet } from './pipe.ts'
import type { OnOpen } from './stream.ts'
import { createSummaries } from './summaries.tsx'

export interface Messages {
  /** The messages for a page that has the cards and the ended instances named by `known`. */
  page(known: string): OnOpen
  /** The messages for a program, in JSON. */
  api(): OnOpen
}

/** Makes the messages of one app's streams. */
export function createMessages(instances: Service, pageModel: PageModel): Messages {
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
    page: (known) => async (outlet) => {
      const summaryChanges = followSummaries()
      const cards = createCards(await sendSnapshot(known, outlet), () => instances.projects())
      const dropGoneCards = oncePerTurn(() => sendGone(cards, outlet))
      let isChanged = false
      return (event, manyWait) => {
        const { page } = audience[event.type]
        if (page === 'look') dropGoneCards()
        if (page !== 'draw') return
        let changes = changesOf(event, cards.takeLacking(event))
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
    const [cards, ended] = known.split('.')
    const snapshot = pageModel.snapshot()
    const at = pageModel.nextContext()
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
