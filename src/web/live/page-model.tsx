// The page model: a snapshot of everything that the page shows, and the changes that a form's answer makes.
import { createHash, randomBytes } from 'node:crypto'
import { isOpen, type Instance, type Project } from '../../core/instance.ts'
import type { Service } from '../../instances/service.ts'
import { Offer } from '../views/instance/resume-offer.tsx'
import type { RenderContext } from '../views/render-context.ts'
import { Attention } from '../views/instance/attention.tsx'
import { CapCount } from '../views/overview.tsx'
import { Placed } from '../views/partials.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'
import type { Snapshot } from '../views/snapshot.ts'
import { GoneRow } from '../views/instance/row.tsx'
import { PaneBody } from '../views/pane/pane.tsx'
import { StopAllOfAll } from '../views/pane/stop.tsx'

export interface PageModel {
  /** Begins a rendering: each call returns a later context. */
  nextContext(): RenderContext
  /** Everything that the page shows now. */
  snapshot(): Snapshot
  /** Whether a page with `known` of an earlier snapshot shows the instance as it is. */
  isShown(instance: Instance, known: string): boolean
  /** The rows of these instances, as partials. */
  rows(changed: readonly Instance[]): string
  /** The partials that bring a page up to date after a form changed these instances. */
  partials(changed: readonly Instance[], gone?: readonly string[]): string
}

/** Names a set, so that a reconnecting page is only sent what it lacks. */
function nameOf(set: readonly string[]): string {
  return createHash('sha256').update(set.toSorted().join('\0\0')).digest('base64url').slice(0, 12)
}

/** Names the projects that a page has. */
function knownOf(projects: readonly Project[]): string {
  return nameOf(projects.map(({ key, path }) => `${key}\0${path}`))
}

const byKey = (a: Project, b: Project): number => (a.key < b.key ? -1 : 1)

/** Makes the live side of one app. */
export function createPageModel(
  instances: Service,
  { now, ...place }: { now: () => number } & Pick<RenderContext, 'root' | 'machine' | 'isDemo'>,
): PageModel {
  const boot = randomBytes(4).toString('hex')
  let serial = 0
  /** The snapshot that showed an instance first as it is: one that changes is another object. */
  const shownSince = new WeakMap<Instance, number>()
  const nextContext = (): RenderContext => ({
    rev: `${boot}.${++serial}`,
    now: now(),
    ...place,
    until: Number.POSITIVE_INFINITY,
  })

  function snapshot(): Snapshot {
    serial += 1
    const byLastUse = instances.projects()
    const projects = byLastUse.toSorted(byKey)
    const all = instances.list({ ended: true })
    for (const one of all) if (!shownSince.has(one)) shownSince.set(one, serial)
    const ended = all.filter((one) => !isOpen(one))
    return {
      projects,
      byLastUse,
      ended,
      cap: instances.cap(),
      notices: instances.notices(),
      foreign: instances.foreign(),
      offer: instances.resumeOffer(),
      known: `${knownOf(projects)}.${boot}.${serial}`,
      settings: instances.settings(),
    }
  }

  function rows(changed: readonly Instance[]): string {
    const at = nextContext()
    return changed.map((instance) => htmlOf(<Placed instance={instance} at={at} />)).join('')
  }

  return {
    nextContext,
    snapshot,
    isShown(instance, known) {
      const [, itsBoot, itsSerial] = known.split('.')
      const since = shownSince.get(instance) ?? Number.POSITIVE_INFINITY
      return itsBoot === boot && since <= Number(itsSerial)
    },
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
          <CapCount cap={instances.cap()} instances={instances.list()} at={at} />
          <StopAllOfAll instances={instances.list()} at={at} />
          {changed.map((instance) => (
            <PaneBody pane={{ kind: 'instance', instance, tab: '' }} at={at} />
          ))}
        </Partial>,
      )
      return rows(changed) + sums
    },
  }
}
