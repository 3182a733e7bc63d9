// Everything the page shows at one moment. Types only.
import type {
  Cap,
  ResumeOffer,
  ForeignSession,
  Instance,
  Notice,
  Project,
} from '../../core/instance.ts'
import type { LabSettings } from '../../core/settings.ts'

export interface Snapshot {
  /** By key, so that a project keeps its place. */
  readonly projects: readonly Project[]
  /** The same, the one used last first. */
  readonly byLastUse: readonly Project[]
  /** The instances that are over and done, of all projects. */
  readonly ended: readonly Instance[]
  readonly cap: Cap
  readonly notices: readonly Notice[]
  readonly foreign: readonly ForeignSession[]
  /** The instances that lab offers to resume together; null without an offer. */
  readonly offer: ResumeOffer | null
  /** Tells a stream which projects and which instances the page shows: `PROJECTS.BOOT.SERIAL`. */
  readonly known: string
  /** What a start chooses from, and what it gets when it chooses nothing. */
  readonly settings: LabSettings
}
