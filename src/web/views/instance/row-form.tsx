// A button of one instance: a form, with or without htmx.
import type { Child, FC } from 'hono/jsx'
import { isLive, type Instance } from '../../../core/instance.ts'

/** Posts `verb` for the instance; a refusal is said beside an ended one, else in its project's line. */
export const RowForm: FC<{
  instance: Instance
  verb: 'stop' | 'dismiss' | 'resume' | 'end-left'
  class?: string
  children?: Child
}> = ({ instance, verb, class: className, children }) => {
  const action = `/instances/${instance.id}/${verb}`
  return (
    <form
      id={`${verb}-${instance.id}`}
      class={className}
      method="post"
      action={action}
      hx-post={action}
      hx-target={`#msg-${isLive(instance.state) ? instance.project : instance.id}`}
      hx-sync="this:drop"
    >
      {children}
    </form>
  )
}
