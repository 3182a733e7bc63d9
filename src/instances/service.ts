// The service's contract: what the page, the API and later clients may ask of the instances. Types only.
import type { LabEvent } from '../core/events.ts'
import type { Actor } from '../core/actor.ts'
import type {
  Cap,
  ForeignSession,
  Instance,
  Notice,
  Outcome,
  Project,
  ResumeOffer,
} from '../core/instance.ts'
import type { StartSpec } from '../core/start.ts'
import type { ResumeOptions } from './actions/resumable.ts'

/**
 * A verb takes `by`, the actor that the journal names. The getters, from `resolve` to `notices`, answer at
 * once from what lab knows: they start no work and change nothing.
 */
export interface Service {
  /**
   * Starts an instance and resolves as soon as its session exists, in state `starting`.
   * @throws ProjectNotFound ProjectGone InvalidLabel AtCapacity ClaudeMissing NotLoggedIn
   * ClaudeConfigInvalid StoreUnwritable TmuxUnavailable TmuxFailed TmuxTimeout; nothing is left of it then
   */
  start(spec: StartSpec, by: Actor): Promise<Instance>
  /**
   * Continues an ended instance's conversation: same id and label, its old slot if that is free. A
   * live one whose link is lost is stopped first.
   * @throws InstanceNotFound AlreadyRunning ConversationGone ConversationParked AtCapacity, and what `start` throws
   */
  resume(id: string, by: Actor, options?: ResumeOptions): Promise<Instance>
  /** Resumes several, launched a second apart; one that cannot come back keeps no other from it. */
  resumeAll(ids: readonly string[], by: Actor, options?: ResumeOptions): Promise<readonly Outcome[]>
  /** Asks for the end and answers at once, in state `stopping`; repeated calls answer the same. @throws InstanceNotFound */
  stop(id: string, by: Actor): Instance
  /** Asks every live instance (of one project, or of all) to end; one failure stops no other. @throws ProjectNotFound */
  stopAll(project: string | null, by: Actor): Promise<readonly Outcome[]>
  /** Ends what an ended instance left behind, but for what serves others. @throws InstanceNotFound, InvalidRequest while it runs */
  endLeft(id: string, by: Actor): Promise<Instance>
  /** Forgets an ended instance. @throws InstanceNotFound, InvalidRequest while it runs */
  dismiss(id: string, by: Actor): void
  /** Offers these, and what ended earlier, no more; each stays ended, to be resumed one by one. Returns those. */
  dismissOffer(ids: readonly string[], by: Actor): readonly Instance[]
  /** Looks again for projects, and at Claude's login, without waiting; what is found comes as events. */
  refresh(): void
  /** The id of the live instance of that name, or of any instance with that id. @throws InstanceNotFound */
  resolve(ref: string): string
  /** @throws InstanceNotFound */
  get(id: string): Instance
  /** Live ones and undismissed errors, in order of project and slot; `ended` adds the others. */
  list(options?: { readonly ended?: boolean }): readonly Instance[]
  /**
   * By last use, then by key, as of the last look at the disk. A folder that is gone is listed, marked
   * `gone`, as long as instances of it are.
   */
  projects(): readonly Project[]
  /** The latest instances that ended together and are still ended; null when there are none. */
  resumeOffer(): ResumeOffer | null
  foreign(): readonly ForeignSession[]
  cap(): Cap
  /** What the operator should know: claude missing, nobody logged in, a corrupt store, tmux unreadable. */
  notices(): readonly Notice[]
  /** Calls `listener` for every change, in order, until the returned function is called. */
  subscribe(listener: (event: LabEvent) => void): () => void
  /** Measures the instances' memory, and tells of it, until the returned function is called. */
  watchMemory(): () => void
}
