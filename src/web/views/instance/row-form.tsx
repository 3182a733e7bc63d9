// A button of one instance: a form, with or without htmx.
import type { Child, FC } from 'hono/jsx'
import type { Instance } from '../../../core/instance.ts'

/** Where a form of an instance stands; its refusal appears there. */
export const places = ['row', 'card', 'pane'] as const
export type Place = (typeof places)[number]

/** The id of the line that says what became of a form. */
export function lineOf(instance: Pick<Instance, 'id' | 'project'>, place: Place): string {
  return place === 'row' ? `msg-${instance.project}` : `msg-${place}-${instance.id}`
}

/** Posts `verb` for the instance, and says a refusal in the line of its place. */
export const RowForm: FC<{
  instance: Instance
  verb: 'stop' | 'dismiss' | 'resume' | 'end-left' | 'answer' | 'input' | 'keys'
  place: Place
  /** Tells forms of one verb apart. */
  name?: string
  class?: string
  children?: Child
}> = ({ instance, verb, place, name, class: className, children }) => {
  const action = `/instances/${instance.id}/${verb}?place=${place}`
  return (
    <form
      id={[verb, place, instance.id, name].filter(Boolean).join('-')}
      class={className}
      method="post"
      action={action}
      hx-post={action}
      hx-target={`#${lineOf(instance, place)}`}
      hx-sync="this:drop"
    >
      {children}
    </form>
  )
}

/** The line itself, for cards and panes; a row's is its project's. */
export const FormLine: FC<{ instance: Instance; place: 'card' | 'pane'; children?: Child }> = (
  props,
) => (
  <div id={lineOf(props.instance, props.place)} class="message" role="alert">
    {props.children}
  </div>
)
