// The pane: what an address shows beside the list, or on a narrow screen in the list's place. A new kind of
// page is a member of `Pane`, a case in `PaneBody`, and its address in live/panes.ts.
import type { FC } from 'hono/jsx'
import type { Instance, Project } from '../../../core/instance.ts'
import type { LabSettings } from '../../../core/settings.ts'
import type { ServerInfo } from '../../server-info.ts'
import { htmlOf } from '../parts.tsx'
import type { Refusal } from '../refusal.tsx'
import type { RenderContext } from '../render-context.ts'
import { titleOf } from '../words.ts'
import { InstancePane } from './instance.tsx'
import { Back } from './link.tsx'
import { More } from './more.tsx'
import { PhonePane, type Phone } from './phone.tsx'
import { ProjectPane } from './project.tsx'
import type { Looked } from './screen.tsx'
import { StartForm, StartPane } from './start.tsx'

export type Pane =
  | { readonly kind: 'none' }
  | { readonly kind: 'gone'; readonly id: string }
  | {
      readonly kind: 'instance'
      readonly instance: Instance
      readonly tab: string
      readonly looked?: Looked | undefined
      readonly refusal?: Refusal | undefined
    }
  | { readonly kind: 'project'; readonly project: Project; readonly ended: readonly Instance[] }
  | {
      readonly kind: 'new'
      readonly projects: readonly Project[]
      readonly settings: LabSettings
      readonly chosen: string | undefined
      readonly refusal?: Refusal | undefined
    }
  | { readonly kind: 'phone'; readonly phone: Phone }
  | { readonly kind: 'more'; readonly lab: ServerInfo; readonly canSignOut: boolean }

export const noPane: Pane = { kind: 'none' }

/** The pane's part of the document's title; empty where the list alone is shown. */
export function paneTitle(pane: Pane): string {
  switch (pane.kind) {
    case 'none':
      return ''
    case 'gone':
      return 'Gone'
    case 'instance':
      return titleOf(pane.instance)
    case 'project':
      return pane.project.key
    case 'new':
      return 'Start an agent'
    case 'phone':
      return 'Notifications'
    case 'more':
      return 'About'
  }
}

/** What is in the pane; `data-update` marks what a stream draws again. */
export const PaneBody: FC<{ pane: Pane; at: RenderContext }> = ({ pane, at }) => {
  switch (pane.kind) {
    case 'none':
      return null
    case 'gone':
      return (
        <article id={`d-${pane.id}`} class="pane" data-rev={at.rev} data-update>
          <header>
            <Back />
            <h2 id="pane-title" tabindex={-1}>
              Gone
            </h2>
            <p>lab no longer keeps this instance.</p>
          </header>
        </article>
      )
    case 'instance':
      return <InstancePane {...pane} at={at} />
    case 'project':
      return <ProjectPane project={pane.project} ended={pane.ended} at={at} />
    case 'new':
      return (
        <StartPane>
          <StartForm {...pane} />
        </StartPane>
      )
    case 'phone':
      return <PhonePane phone={pane.phone} />
    case 'more':
      return <More lab={pane.lab} canSignOut={pane.canSignOut} />
  }
}

/** The pane's element. htmx puts it in place of another, and asks for it again when one goes back. */
export const PaneSection: FC<{ pane: Pane; path: string; at: RenderContext }> = (props) => (
  <section
    id="detail"
    data-at={props.path}
    data-title={paneTitle(props.pane)}
    // Not the title alone: an agent without a label is called as the card of its project.
    aria-label={props.pane.kind === 'none' ? undefined : `Page: ${paneTitle(props.pane)}`}
    hx-history-elt
  >
    <PaneBody pane={props.pane} at={props.at} />
  </section>
)

/** The answer to htmx, which takes nothing but the pane. */
export function renderPane(pane: Pane, path: string, at: RenderContext): string {
  return htmlOf(<PaneSection pane={pane} path={path} at={at} />)
}
