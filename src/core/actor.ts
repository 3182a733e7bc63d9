// Who asked for something. Pure.

/** The ways in which a request reaches lab; `nobody` for what happened without a request. */
export const ways = ['page', 'api', 'cli', 'agent', 'nobody'] as const

/** What stands before a name, by its source: a trusted proxy, or a named token. */
export const actorPrefixes = ['user:', 'token:'] as const

/** Who asked: a name where a guard knows it, else the way in which the request came. */
export type Actor = (typeof ways)[number] | `${(typeof actorPrefixes)[number]}${string}`
