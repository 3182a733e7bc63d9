// Everything the page shows at one moment. Types only.
import type {
  Cap,
  ResumeOffer,
  ForeignSession,
  Instance,
  Notice,
  Project,
} from '../../core/instance.ts'
import type { ServerInfo } from '../server-info.ts'

export interface Snapshot {
  readonly projects: readonly Project[]
  /** The instances that are over and done, of all projects. */
  readonly ended: readonly Instance[]
  readonly cap: Cap
  readonly notices: readonly Notice[]
  readonly foreign: readonly ForeignSession[]
  /** The instances that lab offers to resume together; null without an offer. */
  readonly offer: ResumeOffer | null
  /** Tells a stream which cards and which ended instances the page has. */
  readonly known: string
  /** lab itself. */
  readonly lab: ServerInfo
}
