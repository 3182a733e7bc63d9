// What leads to an agent in claude.ai: the link, or what stands in its way and what to do.
import type { FC } from 'hono/jsx'
import { sessionListUrl } from '../../../core/deep-link.ts'
import type { Instance } from '../../../core/instance.ts'
import { PaneLink } from '../pane/link.tsx'
import type { RenderContext } from '../render-context.ts'
import { RowForm, type Place } from './row-form.tsx'
import { titleOf } from '../words.ts'

/** The address of the agent's own page in claude.ai, or of its stand-in; null where lab knows none. */
function linkOf({ id, linkState, deepLink }: Instance, { isDemo }: RenderContext): string | null {
  if (linkState !== 'linked' || !deepLink?.startsWith('https://')) return null
  return isDemo ? `/instances/${id}/stand-in` : deepLink
}

const Arrow: FC = () => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d="M5 11 11 5M6 5h5v5" />
  </svg>
)

const ExternalLink: FC<{ href: string; class: string; label: string; text?: string }> = (props) => (
  <a
    class={`button ${props.class}`}
    href={props.href}
    target="_blank"
    rel="noopener noreferrer"
    aria-label={props.label}
  >
    {props.text === undefined ? null : <span>{props.text}</span>}
    <Arrow />
  </a>
)

/** The one button of a row; it takes the same room whatever it leads to. */
export const OpenIcon: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const title = titleOf(instance)
  const link = linkOf(instance, at)
  if (link !== null)
    return <ExternalLink class="open" href={link} label={`Open in claude.ai: ${title}`} />
  switch (instance.linkState) {
    case 'lost':
      return (
        <PaneLink
          class="button open"
          href={`/instances/${instance.id}`}
          label={`Link lost: look at ${title}`}
        >
          <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M5 11 11 5M6 5h5v5M3 3l10 10" />
          </svg>
        </PaneLink>
      )
    case 'unavailable':
      return (
        <ExternalLink class="open" href={sessionListUrl} label={`Find in claude.ai: ${title}`} />
      )
    case 'connecting':
    case 'linked':
      return (
        <span class="open none" title="link not there yet">
          <span class="unseen">link not there yet</span>
        </span>
      )
  }
}

/** The same as a button with words, or a sentence where there is no link. */
export const OpenButton: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const title = titleOf(instance)
  const link = linkOf(instance, at)
  if (link !== null)
    return (
      <ExternalLink
        class="open"
        href={link}
        label={`Open in claude.ai: ${title}`}
        text="Open in claude.ai"
      />
    )
  switch (instance.linkState) {
    case 'lost':
      return null
    case 'unavailable':
      return (
        <ExternalLink
          class="open"
          href={sessionListUrl}
          label={`Find in claude.ai: ${title}`}
          text="Find in claude.ai"
        />
      )
    case 'connecting':
    case 'linked':
      return <span class="button open none">Getting its link…</span>
  }
}

/** Whether a restart can bring a new link: lab refuses it while it does not see the instance. */
export function canRestart({ state, linkState }: Instance): boolean {
  return linkState === 'lost' && ['starting', 'ready', 'busy', 'waiting', 'limited'].includes(state)
}

/** Restarts the agent of an instance whose link is lost. */
export const Restart: FC<{ instance: Instance; place: Place }> = ({ instance, place }) => (
  <RowForm instance={instance} verb="resume" place={place} class="ask">
    <p class="soft">
      The link to claude.ai is lost. A restart cuts off what the agent does now, and keeps its
      conversation.
    </p>
    <button class="button primary" aria-label={`Restart for a new link: ${titleOf(instance)}`}>
      <span class="idle">Restart for a new link</span>
      <span class="pending">Restarting…</span>
    </button>
  </RowForm>
)
