// The offer to bring back what ended together: after a stop of all, a lost tmux server, a reboot.
import type { FC } from 'hono/jsx'
import type { Cap, ResumeOffer, Instance } from '../../../core/instance.ts'
import type { RenderContext } from '../render-context.ts'
import { Age, Title } from '../parts.tsx'
import { titleOf } from '../words.ts'

const causes: Record<ResumeOffer['reason'], readonly [one: string, many: string]> = {
  rebooted: ['was running when the machine went down.', 'were running when the machine went down.'],
  tmux_gone: [
    'was running when its tmux server went away.',
    'were running when their tmux server went away.',
  ],
  stopped: ['was stopped.', 'were stopped together.'],
}

// More names than this say no more than the number does.
const namesMax = 8

const count = (n: number): string => (n === 1 ? '1 instance' : `${n} instances`)

/** What the offer shows, as a text to compare. */
export function resumeOfferText(offer: ResumeOffer | null, cap: Cap): string {
  return offer === null
    ? ''
    : JSON.stringify([offer.reason, offer.instances.map((one) => [one.id, titleOf(one)]), cap])
}

/** How the resume of all stands to the cap: on the button, and, where not all fit, in a sentence. */
function room(n: number, { max, used }: Cap): { button: string; note: string | null; fit: number } {
  const free = Math.max(0, max - used)
  const all = n === 1 ? 'Resume' : 'Resume all'
  if (free === 0)
    return { button: all, note: `All ${max} of ${max} are in use. Stop one first.`, fit: n }
  if (free < n) {
    const note = `Only ${free} of the ${n} fit: ${used} of ${max} are in use. The rest stays here.`
    return { button: `Resume ${free} of ${n}`, note, fit: free }
  }
  const uses = used === 0 ? `uses ${n} of ${max}` : `then ${used + n} of ${max}`
  return { button: `${all} (${uses})`, note: null, fit: n }
}

/** The banner; its place is kept, and it is hidden while there is nothing to offer. */
export const Offer: FC<{ offer: ResumeOffer | null; cap: Cap; at: RenderContext }> = ({
  offer,
  cap,
  at,
}) => {
  if (offer === null) return <section id="back" data-rev={at.rev} hidden />
  const { instances, reason } = offer
  const n = instances.length
  const { button, note, fit } = room(n, cap)
  return (
    <section
      id="back"
      class="offer"
      data-rev={at.rev}
      data-reason={reason}
      aria-label="Bring instances back"
    >
      <p>
        <strong>{count(n)}</strong> {causes[reason][n === 1 ? 0 : 1]}{' '}
        <span class="age">
          · <Age since={instances[0]?.endedAt ?? ''} at={at} />
        </span>
      </p>
      <Names of={instances} />
      {note === null ? null : <p class="note">{note}</p>}
      <div class="ways">
        <form
          id="resume-all"
          method="post"
          action="/resume"
          hx-post="/resume"
          hx-target="#msg"
          hx-sync="this:drop"
        >
          <Ids of={instances.slice(0, fit)} />
          <button class="button primary">
            <span class="idle">{button}</span>
            <span class="pending">Resuming…</span>
          </button>
        </form>
        <Forget instances={instances} />
      </div>
    </section>
  )
}

const Names: FC<{ of: readonly Instance[] }> = ({ of }) => (
  <ul class="names-back">
    {of.slice(0, namesMax).map((instance) => (
      <li>
        <Title of={instance} />
        {instance.label === null ? null : <small> {instance.project}</small>}
      </li>
    ))}
    {of.length > namesMax ? <li>and {of.length - namesMax} more</li> : null}
  </ul>
)

const Ids: FC<{ of: readonly Instance[] }> = ({ of }) => (
  <>
    {of.map(({ id }) => (
      <input type="hidden" name="ids" value={id} />
    ))}
  </>
)

/** Asks once, for the offer does not come again. */
const Forget: FC<{ instances: readonly Instance[] }> = ({ instances }) => (
  <>
    <button type="button" class="button quiet" popovertarget="forget">
      Dismiss
    </button>
    <form
      popover="auto"
      id="forget"
      class="sheet"
      method="post"
      action="/dismiss"
      hx-post="/dismiss"
      hx-target="#msg"
      hx-sync="this:drop"
    >
      <p>
        Dismiss this offer?{' '}
        {instances.length === 1
          ? 'The instance stays under “Ended” of its project. You can resume it there.'
          : 'The instances stay under “Ended” of their projects. You can resume them there.'}
      </p>
      <Ids of={instances} />
      <button class="button">
        <span class="idle">Dismiss</span>
        <span class="pending">Dismissing…</span>
      </button>
    </form>
  </>
)
