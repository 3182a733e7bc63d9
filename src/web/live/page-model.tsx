// The page model: a snapshot of everything that the page shows, and the changes that a form's answer makes.
import { createHash, randomBytes } from 'node:crypto'
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import type { Service } from '../../instances/service.ts'
import type { ServerInfo } from '../server-info.ts'
import { Offer } from '../views/instance/resume-offer.tsx'
import type { RenderContext } from '../views/render-context.ts'
import { Attention } from '../views/instance/attention.tsx'
import { CapCount } from '../views/overview.tsx'
import { Placed } from '../views/partials.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'
import type { Snapshot } from '../views/snapshot.ts'
import { GoneRow } from '../views/instance/row.tsx'

export interface PageModel {
  /** Begins a rendering: each call returns a later context. */
  nextContext(): RenderContext
  /** Everything that the page shows now. */
  snapshot(): Snapshot
  /** The rows of these instances, as partials. */
  rows(changed: readonly Instance[]): string
  /** The partials that bring a page up to date after a form changed these instances. */
  partials(changed: readonly Instance[], gone?: readonly string[]): string
}

/** Names a set, so that a reconnecting page is only sent what it lacks. */
function nameOf(set: readonly string[]): string {
  return createHash('sha256').update(set.toSorted().join('\0\0')).digest('base64url').slice(0, 12)
}

/** Names the cards and the ended instances, apart. */
function knownOf(projects: readonly Project[], ended: readonly Instance[]): string {
  const cards = projects.map(({ key, path }) => `${key}\0${path}`)
  return `${nameOf(cards)}.${nameOf(ended.map(({ id, endedAt }) => `${id}\0${endedAt}`))}`
}

/** Makes the live side of one app. */
export function createPageModel(
  instances: Service,
  { now, root, server }: { now: () => number; root: string; server: () => ServerInfo },
): PageModel {
  const boot = randomBytes(4).toString('hex')
  let serial = 0
  const nextContext = (): RenderContext => ({
    rev: `${boot}.${++serial}`,
    now: now(),
    root,
    until: Number.POSITIVE_INFINITY,
  })

  function snapshot(): Snapshot {
    const projects = instances.projects()
    const ended = instances.list({ ended: true }).filter((one) => !isOpen(one))
    return {
      projects,
      ended,
      cap: instances.cap(),
      notices: instances.notices(),
      foreign: instances.foreign(),
      offer: instances.resumeOffer(),
      known: knownOf(projects, ended),
      settings: instances.settings(),
      lab: server(),
    }
  }

  function rows(changed: readonly Instance[]): string {
    const at = nextContext()
    return changed.map((instance) => htmlOf(<Placed instance={instance} at={at} />)).join('')
  }

  return {
    nextContext,
    snapshot,
    rows,
    partials(changed, gone = []) {
      const at = nextContext()
      const sums = htmlOf(
        <Partial into="body">
          {gone.map((id) => (
            <GoneRow id={id} at={at} />
          ))}
          <Attention instances={instances.list()} offer={instances.resumeOffer()} at={at} />
          <Offer offer={instances.resumeOffer()} cap={instances.cap()} at={at} />
          <CapCount cap={instances.cap()} at={at} />
        </Partial>,
      )
      return rows(changed) + sums
    },
  }
}
