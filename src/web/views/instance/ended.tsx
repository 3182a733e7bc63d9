// The ended instances of a project: why each ended, newest first, and the way back.
import type { FC } from 'hono/jsx'
import { isOpen, type Instance } from '../../../core/instance.ts'
import { EndDetails } from './evidence.tsx'
import { PaneLink } from '../pane/link.tsx'
import type { RenderContext } from '../render-context.ts'
import { Age, StateIcon, Title } from '../parts.tsx'
import { causeText, exitText, wordOf } from '../words.ts'

// As many as the service keeps.
const endedMax = 20

/** The closed instances of a project, in the order of the service's list: the latest end first. */
export function endedOf(instances: readonly Instance[], project: string): readonly Instance[] {
  return instances.filter((one) => !isOpen(one) && one.project === project).slice(0, endedMax)
}

/** One of them; its page has the way back. */
export const EndedRow: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const { id, evidence, endedAt, since } = instance
  const cause = causeText(instance)
  return (
    <li id={`e-${id}`} class="row over" data-ended={id}>
      <span class="badge">
        <StateIcon state={instance.state} />
      </span>
      <PaneLink class="look" href={`/instances/${id}`}>
        <strong class="title">
          <Title of={instance} />
        </strong>
        <span class="status">
          <span class="word">{wordOf(instance)}</span>{' '}
          <span class="age">
            <Age since={endedAt ?? since} at={at} />
          </span>
          {evidence === null ? null : (
            <span class="rest">
              {' · '}
              {cause !== null && cause !== exitText(evidence) ? (
                cause
              ) : (
                <EndDetails evidence={evidence} />
              )}
            </span>
          )}
        </span>
      </PaneLink>
    </li>
  )
}
