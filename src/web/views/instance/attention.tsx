// The strip of what needs the operator: always there, at constant height, most urgent first.
import type { FC } from 'hono/jsx'
import type { ResumeOffer, Instance } from '../../../core/instance.ts'
import type { RenderContext } from '../render-context.ts'
import { Age, StateIcon, Title } from '../parts.tsx'
import { exitText, isOverdue, titleOf, wordOf } from '../words.ts'

const oldestFirst = (a: Instance, b: Instance): number => Date.parse(a.since) - Date.parse(b.since)

/**
 * What waits, the longest wait first; then what does not come up; then what died, the latest first. What
 * the offer brings back in one tap is said there.
 */
export function needsAttention(
  instances: readonly Instance[],
  offer: ResumeOffer | null,
): readonly Instance[] {
  const offered = new Set(offer?.instances.map(({ id }) => id))
  const matching = (isOne: (instance: Instance) => boolean): readonly Instance[] =>
    instances.filter(isOne).toSorted(oldestFirst)
  return [
    ...matching(({ state }) => state === 'waiting'),
    ...matching(isOverdue),
    ...matching(({ id, state }) => state === 'error' && !offered.has(id)).toReversed(),
  ]
}

/** How many things need the operator, as the title says: an offer of what was lost is one. */
export function needsCount(instances: readonly Instance[], offer: ResumeOffer | null): number {
  const isLost = offer !== null && offer.reason !== 'stopped'
  return needsAttention(instances, offer).length + (isLost ? 1 : 0)
}

/** What it needs, or why it ended. */
function needOf(instance: Instance): string {
  const { waitingFor, evidence } = instance
  if (instance.state === 'waiting') return waitingFor ?? 'your answer'
  const exit = evidence === null || isOverdue(instance) ? null : exitText(evidence)
  return exit === null ? wordOf(instance) : `${wordOf(instance)}, ${exit}`
}

/** Whether lab sees every instance: it does not know what the others need. */
const isSure = (instances: readonly Instance[]): boolean =>
  instances.every(({ state }) => state !== 'unknown')

/** What the strip shows, as a text to compare. */
export function attentionText(instances: readonly Instance[], offer: ResumeOffer | null): string {
  const list = needsAttention(instances, offer)
  const said = list.map((one) => [one.id, one.project, titleOf(one), needOf(one), one.since])
  return JSON.stringify([isSure(instances), needsCount(instances, offer), said])
}

/** The strip; each of its entries leads to its row. */
export const Attention: FC<{
  instances: readonly Instance[]
  offer: ResumeOffer | null
  at: RenderContext
}> = ({ instances, offer, at }) => {
  const list = needsAttention(instances, offer)
  const count = needsCount(instances, offer)
  return (
    <nav id="needs" class="needs" data-rev={at.rev} data-count={count} aria-label="Needs you">
      <p>
        <Count of={list.length} isAll={isSure(instances)} hasMore={count > list.length} />
      </p>
      <ul>
        {list.map((instance) => (
          <li id={`n-${instance.id}`} data-state={instance.state}>
            <a href={`#i-${instance.id}`}>
              <StateIcon state={instance.state} />
              <span>
                <b>
                  <Title of={instance} />
                  {instance.label === null ? null : <small> {instance.project}</small>}
                </b>
                <span>
                  {needOf(instance)}
                  {' · '}
                  <Age since={instance.since} at={at} />
                </span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
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
