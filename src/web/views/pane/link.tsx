// A link whose page htmx shows beside the list, or on a narrow screen in the list's place.
import type { Child, FC } from 'hono/jsx'

/** Without a script it loads the whole page, of which htmx takes the pane. */
export const PaneLink: FC<{
  href: string
  class?: string
  label?: string
  current?: boolean
  children?: Child
}> = (props) => (
  <a
    class={props.class}
    href={props.href}
    aria-label={props.label}
    aria-current={props.current ? 'page' : undefined}
    hx-get={props.href}
    hx-target="#detail"
    hx-select="#detail"
    hx-swap="outerHTML"
    hx-push-url="true"
  >
    {props.children}
  </a>
)

/** The way back to the list, for screens that have no room for both. */
export const Back: FC = () => (
  <PaneLink href="/" class="button quiet back">
    ‹ All
  </PaneLink>
)
