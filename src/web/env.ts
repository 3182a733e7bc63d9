// The values that a request carries through the app. Types only, and the lowest floor of this room.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Actor } from '../core/actor.ts'
import type { StartSpec } from '../core/start.ts'

/** The sender of a request, as far as the socket and a trusted proxy tell. */
export interface Client {
  /** The address that counts as one client: the socket's, or the one a trusted proxy saw. */
  readonly address: string
  /** The address at this end of the connection; null where there is no connection. */
  readonly localAddress: string | null
  /** Whether a trusted proxy brought it. */
  readonly isProxied: boolean
  /** The scheme that the browser used, as far as a trusted proxy says it. */
  readonly scheme: 'http' | 'https' | null
  /** The name and port that the browser asked for. */
  readonly host: string
  /** The user whom the trusted proxy authenticated. */
  readonly user: string | null
}

/** The authenticated sender of a request. */
export interface Principal {
  /** Their name as an actor, where a guard knows it. */
  readonly name: Actor | null
  /** Whether lab would still authenticate them; streams end when not. */
  readonly isWelcome: () => boolean
  /** Whether they came by the password, and so may sign out. */
  readonly hasSignedIn: boolean
}

/** The subject of a form: its refusal appears next to the form, with the typed text. */
export interface FormAsked {
  readonly project?: string
  readonly label?: string
  /** The values of the form of a start. */
  readonly start?: Omit<StartSpec, 'project'>
  readonly instance?: string
  /** Where the form stood, see views/instance/row-form.tsx. */
  readonly place?: 'row' | 'card' | 'pane' | 'start'
}

export interface WebEnv {
  Variables: {
    requestId: string
    form: FormAsked | undefined
    client: Client
    /** Set behind the guards. */
    principal: Principal
  }
  /** Node's own pair; absent where a test calls the app without a server. */
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse }
}
