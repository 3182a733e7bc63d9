// The parts of the page that sum up many instances: the cards, the resume offer, the bar, the question
// before a stop of all. A page gets one again only when it shows something else.
import type { LabEvent } from '../../core/events.ts'
import type { Service } from '../../instances/service.ts'
import { Attention, attentionText } from '../views/instance/attention.tsx'
import { Offer, resumeOfferText } from '../views/instance/resume-offer.tsx'
import { CapCount, capText } from '../views/overview.tsx'
import { StopAllOfAll, stopAllText } from '../views/pane/stop.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'
import { oncePerEvent } from './once.ts'
import type { PageModel } from './page-model.tsx'

/** Returns the partials of the summaries that show something else than at the last call. */
export type SummaryChanges = (event: LabEvent) => string

/** Makes the function that begins to follow the summaries for one page, which shows them as they are now. */
export function createSummaries(instances: Service, pageModel: PageModel): () => SummaryChanges {
  const summaries = [
    {
      text: () => attentionText(instances.list(), instances.resumeOffer()),
      html: () => (
        <Attention
          instances={instances.list()}
          offer={instances.resumeOffer()}
          at={pageModel.nextContext()}
        />
      ),
    },
    {
      text: () => resumeOfferText(instances.resumeOffer(), instances.cap()),
      html: () => (
        <Offer offer={instances.resumeOffer()} cap={instances.cap()} at={pageModel.nextContext()} />
      ),
    },
    {
      text: () => capText(instances.cap(), instances.list()),
      html: () => (
        <CapCount cap={instances.cap()} instances={instances.list()} at={pageModel.nextContext()} />
      ),
    },
    {
      text: () => stopAllText(instances.list()),
      html: () => <StopAllOfAll instances={instances.list()} at={pageModel.nextContext()} />,
    },
  ].map(({ text, html }) => ({
    text,
    textAt: oncePerEvent(text),
    htmlAt: oncePerEvent(() => htmlOf(<Partial into="body">{html()}</Partial>)),
  }))

  return () => {
    let shown = summaries.map(({ text }) => text())
    return (event) => {
      const texts = summaries.map(({ textAt }) => textAt(event))
      const changed = summaries.filter((_, i) => texts[i] !== shown[i])
      shown = texts
      return changed.map(({ htmlAt }) => htmlAt(event)).join('')
    }
  }
}
