// What needs the operator, as cards that answer: most urgent first.
import type { FC } from 'hono/jsx'
import type { ResumeOffer, Instance } from '../../../core/instance.ts'
import { waitsForOperator } from '../../../core/limit.ts'
import type { RenderContext } from '../render-context.ts'
import { causeText, isOverdue, needOf, titleOf } from '../words.ts'
import { NeedCard } from './need-card.tsx'
import { canRestart } from './open-action.tsx'

const oldestFirst = (a: Instance, b: Instance): number => Date.parse(a.since) - Date.parse(b.since)

/** Whether nothing but its link is in need. */
const isCutOff = (one: Instance): boolean =>
  canRestart(one) && !waitsForOperator(one) && !isOverdue(one)

/**
 * What waits, the longest wait first; then what does not come up; then what died, the latest first; then
 * what has lost its link. What the offer brings back in one tap is said there.
 */
export function needsAttention(
  instances: readonly Instance[],
  offer: ResumeOffer | null,
): readonly Instance[] {
  const offered = new Set(offer?.instances.map(({ id }) => id))
  const matching = (isOne: (instance: Instance) => boolean): readonly Instance[] =>
    instances.filter(isOne).toSorted(oldestFirst)
  return [
    ...matching(waitsForOperator),
    ...matching(isOverdue),
    ...matching(({ id, state }) => state === 'error' && !offered.has(id)).toReversed(),
    ...matching(isCutOff),
  ]
}

/** How many things need the operator, as the title says: an offer of what was lost is one. */
export function needsCount(instances: readonly Instance[], offer: ResumeOffer | null): number {
  const isLost = offer !== null && offer.reason !== 'stopped'
  return needsAttention(instances, offer).length + (isLost ? 1 : 0)
}

/** Whether lab sees every instance: it does not know what the others need. */
const isSure = (instances: readonly Instance[]): boolean =>
  instances.every(({ state }) => state !== 'unknown')

/** What the cards show, as a text to compare. */
export function attentionText(instances: readonly Instance[], offer: ResumeOffer | null): string {
  const said = needsAttention(instances, offer).map((one) => [
    one.id,
    one.project,
    titleOf(one),
    one.state,
    one.since,
    waitsForOperator(one) ? needOf(one) : causeText(one),
    one.question,
    one.linkState,
    one.deepLink,
  ])
  return JSON.stringify([isSure(instances), needsCount(instances, offer), said])
}

// More cards than this would push the list off a phone's screen.
const cardsMax = 3

/** The cards; a screen reader hears a new one. */
export const Attention: FC<{
  instances: readonly Instance[]
  offer: ResumeOffer | null
  at: RenderContext
}> = ({ instances, offer, at }) => {
  const list = needsAttention(instances, offer)
  const count = needsCount(instances, offer)
  const more = list.slice(cardsMax)
  return (
    <section
      id="needs"
      class="needs"
      data-rev={at.rev}
      data-count={count}
      role="log"
      aria-live="polite"
      aria-label="Needs you"
    >
      <h2 class="count">
        <Count of={list.length} isAll={isSure(instances)} hasMore={count > list.length} />
      </h2>
      {list.slice(0, cardsMax).map((instance) => (
        <NeedCard instance={instance} at={at} />
      ))}
      {more.length === 0 ? null : (
        <details id="needs-more">
          <summary>{more.length} more</summary>
          {more.map((instance) => (
            <NeedCard instance={instance} at={at} />
          ))}
        </details>
      )}
    </section>
  )
}

const Count: FC<{ of: number; isAll: boolean; hasMore: boolean }> = ({ of, isAll, hasMore }) =>
  of === 0 ? (
    <>
      {!isAll
        ? 'lab does not know what needs you.'
        : hasMore
          ? 'Nothing else needs you.'
          : 'Nothing needs you.'}
    </>
  ) : (
    <>
      <b>{isAll ? of : `${of}+`}</b> {of === 1 && isAll ? 'needs you' : 'need you'}
    </>
  )
