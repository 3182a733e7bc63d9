// The ended instances of a project: why each ended, newest first, and the way back.
import type { FC } from 'hono/jsx'
import { isOpen, type Instance } from '../../../core/instance.ts'
import { EndDetails, LastLines, LeftBehind, RowMessage, WaysOn } from './evidence.tsx'
import type { RenderContext } from '../render-context.ts'
import { Age, StateIcon, Title } from '../parts.tsx'
import { wordOf } from '../words.ts'

// As many as the service keeps; and of each screen what fits a phone, for twenty of them travel at once.
const endedMax = 20
const linesMax = 12
const lineCharsMax = 400

/** The closed instances of a project, in the order of the service's list: the latest end first. */
export function endedOf(instances: readonly Instance[], project: string): readonly Instance[] {
  return instances.filter((one) => !isOpen(one) && one.project === project).slice(0, endedMax)
}

/** Closed until it is asked for, and not there while it is empty. */
export const EndedBox: FC<{
  project: string
  instances: readonly Instance[]
  at: RenderContext
}> = (props) => (
  <details class="ended" id={`e-${props.project}`}>
    <summary>
      Ended (<span class="count">{props.instances.length}</span>)
    </summary>
    <ul id={`ended-${props.project}`} data-newest-first>
      {props.instances.map((instance) => (
        <EndedRow instance={instance} at={props.at} />
      ))}
    </ul>
  </details>
)

/** One of them; it carries the id that its row had, so that it takes the row's place and gives it back. */
export const EndedRow: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const { id, evidence, endedAt, since, label, name } = instance
  const lines = evidence?.lastLines.slice(-linesMax).map((line) => line.slice(0, lineCharsMax))
  return (
    <li id={`i-${id}`} class="row over" data-ended={id} data-rev={at.rev} tabindex={-1}>
      <span class="badge">
        <StateIcon state={instance.state} />
      </span>
      <div class="who">
        <strong class="title">
          <Title of={instance} />
        </strong>
        <p class="status">
          <span class="word">{wordOf(instance)}</span>
          <span>
            <Age since={endedAt ?? since} at={at} />
          </span>
          {label === null ? null : <code class="name">{name}</code>}
        </p>
        {evidence === null ? null : (
          <p class="why">
            {evidence.message} <EndDetails evidence={evidence} />
          </p>
        )}
      </div>
      <div class="actions">
        <WaysOn instance={instance} />
      </div>
      <div class="evidence">
        <RowMessage instance={instance} />
        <LeftBehind instance={instance} />
        {lines === undefined || lines.length === 0 ? null : (
          <details id={`l-${id}`}>
            <summary>Last lines</summary>
            <LastLines of={instance} lines={lines} />
          </details>
        )}
      </div>
    </li>
  )
}
