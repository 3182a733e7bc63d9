// The strip of what needs the operator: always there, at constant height, most urgent first.
import type { FC } from 'hono/jsx'
import type { Instance } from '../../core/instance.ts'
import type { Moment } from './moment.ts'
import { Age, StateIcon } from './parts.tsx'
import { exitText, isOverdue, titleOf, wordOf } from './words.ts'

const oldestFirst = (a: Instance, b: Instance): number => Date.parse(a.since) - Date.parse(b.since)

/** What waits, the longest wait first; then what does not come up; then what died, the latest first. */
export function needy(instances: readonly Instance[]): readonly Instance[] {
  const those = (isOne: (instance: Instance) => boolean): readonly Instance[] =>
    instances.filter(isOne).toSorted(oldestFirst)
  return [
    ...those(({ state }) => state === 'waiting'),
    ...those(isOverdue),
    ...those(({ state }) => state === 'error').toReversed(),
  ]
}

/** What it needs, or why it ended. */
function needOf(instance: Instance): string {
  const { waitingFor, evidence } = instance
  if (instance.state === 'waiting') return waitingFor ?? 'your answer'
  const exit = evidence === null || isOverdue(instance) ? null : exitText(evidence)
  return exit === null ? wordOf(instance) : `${wordOf(instance)}, ${exit}`
}

/** What the strip shows, as a text to compare. */
export function needsText(instances: readonly Instance[]): string {
  return JSON.stringify(
    needy(instances).map((one) => [one.id, one.project, titleOf(one), needOf(one), one.since]),
  )
}

/** The strip; each of its entries leads to its row. */
export const Needs: FC<{ instances: readonly Instance[]; at: Moment }> = ({ instances, at }) => {
  const list = needy(instances)
  return (
    <nav id="needs" class="needs" data-rev={at.rev} data-count={list.length} aria-label="Needs you">
      <p>{list.length === 0 ? 'Nothing needs you.' : <Count of={list.length} />}</p>
      <ul>
        {list.map((instance) => (
          <li id={`n-${instance.id}`} data-state={instance.state}>
            <a href={`#i-${instance.id}`}>
              <StateIcon state={instance.state} />
              <span>
                <b>
                  {titleOf(instance)}
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

const Count: FC<{ of: number }> = ({ of }) => (
  <>
    <b>{of}</b> {of === 1 ? 'needs you' : 'need you'}
  </>
)
