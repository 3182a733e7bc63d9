// The service's contract with the page, the API and later clients. Types only.
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
import type { LabSettings, SettingsChange } from '../core/settings.ts'
import type { Answer } from '../core/question.ts'
import type { Delivery, Message, SaidPage, Screen } from '../core/input/message.ts'
import type { StartSpec } from '../core/start.ts'
import type { ResumeOptions } from './actions/resumable.ts'
import type { Logins } from './login/logins.ts'

/**
 * A verb takes `by`, the actor that the journal names. The getters, from `resolve` to `settings`, answer at
 * once from what lab knows: they start no work and change nothing.
 */
export interface Service {
  /**
   * Starts an instance and resolves as soon as its session exists, in state `starting`.
   * @throws InvalidRequest ProjectNotFound ProjectGone InvalidLabel AtCapacity ClaudeMissing NotLoggedIn
   * ClaudeConfigInvalid StoreUnwritable TmuxUnavailable TmuxFailed TmuxTimeout; a start that fails leaves
   * nothing behind
   */
  start(spec: StartSpec, by: Actor): Promise<Instance>
  /**
   * Continues an ended instance's conversation: same id and label, and its old slot if that is free. lab
   * first stops a live instance that lost its link.
   * @throws InstanceNotFound AlreadyRunning ConversationGone ConversationParked AtCapacity, and what `start` throws
   */
  resume(id: string, by: Actor, options?: ResumeOptions): Promise<Instance>
  /** Resumes several instances and launches them a second apart. A failure of one stops no other. */
  resumeAll(ids: readonly string[], by: Actor, options?: ResumeOptions): Promise<readonly Outcome[]>
  /** Requests the end and answers at once, in state `stopping`; repeated calls answer the same. @throws InstanceNotFound */
  stop(id: string, by: Actor): Instance
  /** Requests the end of every live instance of one project, or of all. A failure of one stops no other. @throws ProjectNotFound */
  stopAll(project: string | null, by: Actor): Promise<readonly Outcome[]>
  /**
   * Gives an answer to the question that it names, and to no other: of several answers the first one wins.
   * @throws InstanceNotFound QuestionGone, InvalidRequest for an answer that does not fit the question
   */
  answer(id: string, answer: Answer, by: Actor): Promise<Instance>
  /** Ends the processes that outlived an instance, except those that serve others. @throws InstanceNotFound, InvalidRequest while it runs */
  endLeft(id: string, by: Actor): Promise<Instance>
  /**
   * Types a text into an instance's prompt and submits it, after the texts before it. The delivery says
   * what became of the text. lab types nothing while a question is open, or into a prompt that holds a draft.
   * @throws InstanceNotFound NotRunning DialogOpen StateUnknown InvalidRequest, and what tmux throws
   */
  send(id: string, message: Message, by: Actor): Promise<Delivery>
  /**
   * Presses keys in an instance's terminal, in that order, also while a question is open.
   * @throws InstanceNotFound NotRunning InvalidRequest, and what tmux throws
   */
  keys(id: string, keys: readonly string[], by: Actor): Promise<Delivery>
  /** Forgets an ended instance. @throws InstanceNotFound, InvalidRequest while it runs */
  dismiss(id: string, by: Actor): void
  /** Withdraws the resume offer of these instances and of earlier ones. Each stays ended and can be resumed. Returns these. */
  dismissOffer(ids: readonly string[], by: Actor): readonly Instance[]
  /** Changes the choices and the quick words. @throws InvalidRequest ProjectNotFound StoreUnwritable */
  changeSettings(change: SettingsChange, by: Actor): Promise<LabSettings>
  /** Notes that the operator has looked at the instance, which is then no longer `unread`. @throws InstanceNotFound */
  look(id: string): void
  /** Logs Claude in, whatever instances run. */
  readonly logins: Logins
  /** Starts a look for projects and at Claude's login, and returns at once. Changes arrive as events. */
  refresh(): void
  /** The id of the live instance of that name, or of any instance with that id. @throws InstanceNotFound */
  resolve(ref: string): string
  /** @throws InstanceNotFound */
  get(id: string): Instance
  /**
   * Live ones and undismissed errors, in order of project and slot. With `ended`, all instances: the live
   * ones in that order, then the ended ones, the latest end first, also after a clock went back.
   */
  list(options?: { readonly ended?: boolean }): readonly Instance[]
  /**
   * By last use, then by key, as of the last look at the disk. A folder that is gone stays in the list,
   * with `gone`, as long as the list has an instance of it.
   */
  projects(): readonly Project[]
  /** The latest instances that ended together and are still ended; null when there are none. */
  resumeOffer(): ResumeOffer | null
  foreign(): readonly ForeignSession[]
  cap(): Cap
  /** Problems of this lab, each with its remedy: claude missing, no login, a corrupt store, tmux unreadable. */
  notices(): readonly Notice[]
  /** The lists that a start chooses from, the choices of a start that names none, and the quick words. */
  settings(): LabSettings
  /** Calls `listener` for every change, in order, until the caller calls the returned function. */
  subscribe(listener: (event: LabEvent) => void): () => void
  /**
   * The last lines of a live instance's terminal, styles removed; of an ended instance its last lines.
   * @throws InstanceNotFound, and what tmux throws
   */
  output(id: string, lines: number): Promise<readonly string[]>
  /** What the terminal of a live instance shows now; null where lab cannot read it. @throws InstanceNotFound */
  screen(id: string): Promise<Screen | null>
  /**
   * Calls `listener` with the screen of a live instance at once, and after each change at most twice a
   * second, until the caller calls the returned function. @throws InstanceNotFound
   */
  watchScreen(id: string, listener: (screen: Screen) => void): () => void
  /** What was said in the instance's conversation, before that place or at its end. @throws InstanceNotFound Unreadable */
  said(id: string, before: number | null): Promise<SaidPage>
  /** Measures the instances' memory and publishes it, until the caller calls the returned function. */
  watchMemory(): () => void
}
