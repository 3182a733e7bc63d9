// The events that lab publishes, and the audience of each. Pure; a new kind of event without its row here
// does not compile.
import type { Actor } from './actor.ts'
import type { Cap, ForeignSession, Instance, Notice, Project } from './instance.ts'
import type { Question } from './question.ts'
import type { State } from './state.ts'

/** A change of an instance's state, or of its `waitingFor`. The journal has a line for each. */
export interface Moved {
  readonly type: 'moved'
  readonly id: string
  readonly from: State
  readonly to: State
  readonly by: Actor
  /** The reason of an end, or `adopted` or `not_started`; null for other moves. */
  readonly reason: string | null
  readonly waitingFor: string | null
  /** ISO 8601. */
  readonly at: string
}

/** An instance asks another question than before; null when its question is gone. */
export interface Asked {
  readonly type: 'question'
  readonly id: string
  readonly question: Question | null
}

export type LabEvent =
  | Moved
  | Asked
  | { readonly type: 'instance'; readonly instance: Instance }
  | { readonly type: 'removed'; readonly id: string }
  | { readonly type: 'project'; readonly project: Project }
  | { readonly type: 'cap'; readonly cap: Cap }
  /** A scan found other repositories than before; this event does not name the ones that are gone. */
  | { readonly type: 'rescanned' }
  | { readonly type: 'foreign'; readonly foreign: readonly ForeignSession[] }
  | { readonly type: 'notices'; readonly notices: readonly Notice[] }

/** The page's reaction to an event: it draws the part again, looks which cards are gone, or does nothing. */
export type PageReaction = 'draw' | 'look' | 'nothing'

/** For each kind of event, whether the API's stream carries it and how the page reacts. */
export const audience: Readonly<
  Record<LabEvent['type'], { readonly api: boolean; readonly page: PageReaction }>
> = {
  moved: { api: true, page: 'nothing' },
  question: { api: true, page: 'nothing' },
  instance: { api: true, page: 'draw' },
  removed: { api: true, page: 'draw' },
  project: { api: true, page: 'draw' },
  cap: { api: true, page: 'draw' },
  rescanned: { api: false, page: 'look' },
  foreign: { api: false, page: 'draw' },
  notices: { api: false, page: 'draw' },
}
