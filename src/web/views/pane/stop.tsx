// The buttons that stop: at once where nothing is lost, after a question where work would be cut off.
import type { FC } from 'hono/jsx'
import { isLive, type Instance } from '../../../core/instance.ts'
import { RowForm } from '../instance/row-form.tsx'
import { Age } from '../parts.tsx'
import type { RenderContext } from '../render-context.ts'
import { titleOf } from '../words.ts'

/** Whether a stop would cut off work. */
export function isAtWork({ state, background }: Instance): boolean {
  return state === 'busy' || background
}

/** Stops one instance. */
export const StopForm: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const { id, state } = instance
  if (state === 'stopping')
    return (
      <p class="stopping">
        <span class="button stop" aria-disabled="true">
          Stopping…
        </span>
      </p>
    )
  if (!isAtWork(instance))
    return (
      <RowForm instance={instance} verb="stop" place="pane">
        <button class="button stop" aria-label={`Stop ${titleOf(instance)}`}>
          <span class="idle">Stop</span>
          <span class="pending">Stopping…</span>
        </button>
      </RowForm>
    )
  return (
    <>
      <button
        type="button"
        class="button stop"
        popovertarget={`sure-stop-${id}`}
        aria-label={`Stop ${titleOf(instance)}`}
      >
        Stop
      </button>
      <div popover="auto" id={`sure-stop-${id}`} class="sheet" role="dialog" aria-label="Stop it?">
        <p>
          {state === 'busy' ? (
            <>
              Busy for <Age since={instance.since} at={at} />.
            </>
          ) : (
            'A background command of it runs.'
          )}{' '}
          Stop it?
        </p>
        <RowForm instance={instance} verb="stop" place="pane" class="answers">
          <button type="button" class="button" popovertarget={`sure-stop-${id}`}>
            Keep
          </button>
          <button class="button danger">
            <span class="idle">Stop</span>
            <span class="pending">Stopping…</span>
          </button>
        </RowForm>
      </div>
    </>
  )
}

const agents = (n: number): string => (n === 1 ? '1 agent' : `${n} agents`)
const namesMax = 5

/** What a stop of all would end, as a text to compare. */
export function stopAllText(instances: readonly Instance[]): string {
  const { live, atWork } = concerned(instances)
  return JSON.stringify([live.length, atWork.map(titleOf)])
}

function concerned(instances: readonly Instance[]) {
  const live = instances.filter(({ state }) => isLive(state) && state !== 'stopping')
  return { live, atWork: live.filter(isAtWork) }
}

/** Asks before it stops many, and names those whose work it would cut off; needs no script. */
export const StopAll: FC<{
  id: string
  action: string
  target: string
  label: string
  instances: readonly Instance[]
  rev: string
}> = ({ id, action, target, label, instances, rev }) => {
  const { live, atWork } = concerned(instances)
  const n = live.length
  const names = atWork.slice(0, namesMax).map(titleOf).join(', ')
  const others = atWork.length > namesMax ? ` and ${atWork.length - namesMax} more` : ''
  return (
    <div id={id} class="stop-all" data-rev={rev} hidden={n === 0}>
      <button
        type="button"
        class="button stop"
        popovertarget={`${id}-sure`}
        aria-label={label}
        disabled={n === 0}
      >
        Stop all
      </button>
      <div popover="auto" id={`${id}-sure`} class="sheet" role="dialog" aria-label={label}>
        <form method="post" action={action} hx-post={action} hx-target={target} hx-sync="this:drop">
          <p>
            Stop {agents(n)}?{' '}
            {atWork.length === 0
              ? null
              : `${atWork.length} ${atWork.length === 1 ? 'is' : 'are'} busy: ${names}${others}.`}
          </p>
          <div class="answers">
            <button type="button" class="button" popovertarget={`${id}-sure`}>
              Keep
            </button>
            <button class="button danger">
              <span class="idle">Stop {n}</span>
              <span class="pending">Stopping…</span>
            </button>
          </div>
        </form>
      </div>
    </div>
  )
}

/** Stops every instance of every project. */
export const StopAllOfAll: FC<{ instances: readonly Instance[]; at: RenderContext }> = (props) => (
  <StopAll
    id="s"
    action="/stop-all"
    target="#msg"
    label="Stop all instances"
    instances={props.instances}
    rev={props.at.rev}
  />
)
