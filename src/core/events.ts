// What lab tells of a change, and who sees it. Pure; a new kind of event needs its row here, or nothing
// compiles.
import type { Actor } from './actor.ts'
import type { Cap, ForeignSession, Instance, Notice, Project } from './instance.ts'
import type { State } from './state.ts'

/** A change of an instance's state, or of what it waits for. The journal is made of these. */
export interface Moved {
  readonly type: 'moved'
  readonly id: string
  readonly from: State
  readonly to: State
  readonly by: Actor
  /** Why, where there is a word for it: the reason of an end, or `adopted`. */
  readonly reason: string | null
  readonly waitingFor: string | null
  /** ISO 8601. */
  readonly at: string
}

export type LabEvent =
  | Moved
  | { readonly type: 'instance'; readonly instance: Instance }
  | { readonly type: 'removed'; readonly id: string }
  | { readonly type: 'project'; readonly project: Project }
  | { readonly type: 'cap'; readonly cap: Cap }
  /** A scan found other repositories than before: no `removed` tells which of them are gone. */
  | { readonly type: 'rescanned' }
  | { readonly type: 'foreign'; readonly foreign: readonly ForeignSession[] }
  | { readonly type: 'notices'; readonly notices: readonly Notice[] }

/** What the page does about an event: it draws the part anew, looks which cards are gone, or nothing. */
export type PageReaction = 'draw' | 'look' | 'nothing'

/** What becomes of each kind of event: whether the API's stream carries it, and what the page does. */
export const audience: Readonly<
  Record<LabEvent['type'], { readonly api: boolean; readonly page: PageReaction }>
> = {
  moved: { api: true, page: 'nothing' },
  instance: { api: true, page: 'draw' },
  removed: { api: true, page: 'draw' },
  project: { api: true, page: 'draw' },
  cap: { api: true, page: 'draw' },
  rescanned: { api: false, page: 'look' },
  foreign: { api: false, page: 'draw' },
  notices: { api: false, page: 'draw' },
}
