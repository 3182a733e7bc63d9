// What a request carries through the app. Types only, and the lowest of this room.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Actor } from '../core/actor.ts'

/** Who sent a request, as far as the socket and a trusted proxy tell. */
export interface Client {
  /** The address that counts as one client: the socket's, or the one a trusted proxy saw. */
  readonly address: string
  /** The address at this end of the connection; null where there is no connection. */
  readonly localAddress: string | null
  /** Whether a trusted proxy brought it. */
  readonly isProxied: boolean
  /** How the browser asked, as far as anybody trusted says. */
  readonly scheme: 'http' | 'https' | null
  /** The name and port that the browser asked for. */
  readonly host: string
  /** Whom the proxy has let in. */
  readonly user: string | null
}

/** Somebody who was let in. */
export interface Principal {
  /** Their name as an actor, where a guard knows it. */
  readonly name: Actor | null
  /** Whether they would be let in still; streams end when not. */
  readonly isWelcome: () => boolean
  /** Whether they came by the password, and so may sign out. */
  readonly hasSignedIn: boolean
}

/** What a form was about, so that its refusal lands beside it with what was typed. */
export interface FormAsked {
  readonly project?: string
  readonly label?: string
  readonly instance?: string
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
