// The page as bytes, with cards that were drawn before: nearly all of a page is its cards, and to make
// their text and its bytes anew for every request is nearly all of the work.
import { raw } from 'hono/html'
import type { Instance, Project } from '../../../core/instance.ts'
import type { AssetPaths } from '../../assets/static.ts'
import { renderPage, type PageOptions } from '../document.tsx'
import { endedOf } from '../instance/ended.tsx'
import type { RenderContext } from '../render-context.ts'
import { htmlOf } from '../parts.tsx'
import type { Snapshot } from '../snapshot.ts'
import { ProjectCard } from '../project.tsx'

interface Card {
  readonly project: Project
  readonly ended: readonly Instance[]
  /** When it was drawn, and from when on it would say something else by its ages alone. */
  readonly from: number
  readonly until: number
  readonly bytes: Uint8Array
}

// Whatever people and agents write has its `<` escaped, so this stands in a page exactly once.
const place = '<!--cards-->'
const encoder = new TextEncoder()

/** Makes the function that renders the page; every byte but a card's rev is what a fresh rendering says. */
export function createKeptPage(
  assets: AssetPaths,
): (snapshot: Snapshot, at: RenderContext, options: PageOptions) => Uint8Array<ArrayBuffer> {
  let kept = new Map<string, Card>()
  return (snapshot, at, options) => {
    const cards = snapshot.projects.map((project) => {
      const ended = endedOf(snapshot.ended, project.key)
      const known = kept.get(project.key)
      return known && isCurrent(known, project, ended, at.now) ? known : draw(project, ended, at)
    })
    kept = new Map(cards.map((card) => [card.project.key, card]))
    const frame = renderPage(snapshot, at, assets, { ...options, cards: raw(place) })
    const [before = '', after = ''] = frame.split(place)
    const bytes = cards.map((card) => card.bytes)
    return Buffer.concat([encoder.encode(before), ...bytes, encoder.encode(after)])
  }
}

function draw(project: Project, ended: readonly Instance[], at: RenderContext): Card {
  const own: RenderContext = { ...at, until: Number.POSITIVE_INFINITY }
  const html = htmlOf(<ProjectCard project={project} ended={ended} at={own} />)
  return { project, ended, from: at.now, until: own.until, bytes: encoder.encode(html) }
}

/** Whether the card shows this very project: an instance that changes is another object. */
function isCurrent(
  card: Card,
  { path, instances, gone }: Project,
  ended: readonly Instance[],
  now: number,
): boolean {
  return (
    now >= card.from &&
    now < card.until &&
    path === card.project.path &&
    gone === card.project.gone &&
    areSame(instances, card.project.instances) &&
    areSame(ended, card.ended)
  )
}

function areSame(some: readonly Instance[], others: readonly Instance[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i])
}
