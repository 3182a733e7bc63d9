// The actor of a request. Pure.

/** The ways in which a request reaches lab. A change that follows no request has the way `nobody`. */
export const ways = ['page', 'api', 'cli', 'agent', 'nobody'] as const

/** The prefix of a name, by its source: a trusted proxy, or a named token. */
export const actorPrefixes = ['user:', 'token:'] as const

/** The actor of a request: a name where a guard knows it, else the way of the request. */
export type Actor = (typeof ways)[number] | `${(typeof actorPrefixes)[number]}${string}`
