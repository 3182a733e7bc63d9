// The service: the use cases of an instance's life, one owner per instance.
import type {
  Actor,
  Cap,
  ForeignSession,
  Instance,
  LabEvent,
  Notice,
  Project,
  StopOutcome,
} from '../core/instance.ts'

export interface StartSpec {
  readonly project: string
  /** What the operator typed, unchecked. */
  readonly label?: string
  readonly model?: string
  readonly effort?: string
  /** Start even though Claude says that nobody is logged in. */
  readonly force?: boolean
}

/** Every method that takes `by` writes the move to the journal under that name. */
export interface Instances {
  /**
   * Starts an instance and resolves as soon as its session exists, in state `starting`.
   * @throws ProjectNotFound ProjectGone InvalidLabel AtCapacity ClaudeMissing NotLoggedIn
   * ClaudeConfigInvalid StoreUnwritable TmuxUnavailable TmuxFailed TmuxTimeout; nothing is left of it then
   */
  start(spec: StartSpec, by: Actor): Promise<Instance>
  /** Asks for the end and answers at once, in state `stopping`; repeated calls answer the same. @throws InstanceNotFound */
  stop(id: string, by: Actor): Instance
  /** Asks every live instance (of one project, or of all) to end; one failure stops no other. @throws ProjectNotFound */
  stopAll(project: string | null, by: Actor): readonly StopOutcome[]
  /** Forgets an ended instance. @throws InstanceNotFound */
  dismiss(id: string, by: Actor): void
  /** The id of the live instance of that name, or of any instance with that id. @throws InstanceNotFound */
  resolve(ref: string): string
  /** @throws InstanceNotFound */
  get(id: string): Instance
  /** Live ones and undismissed errors, in order of project and slot; `ended` adds the stopped ones. */
  list(options?: { readonly ended?: boolean }): readonly Instance[]
  /** By last use, then by key, as of the last look at the disk; asks for a new look without waiting for it. */
  projects(): readonly Project[]
  foreign(): readonly ForeignSession[]
  cap(): Cap
  /** What the operator should know: claude missing, nobody logged in, a corrupt store, tmux unreadable. */
  notices(): readonly Notice[]
  /** Calls `listener` for every change, in order, until the returned function is called. */
  subscribe(listener: (event: LabEvent) => void): () => void
}
