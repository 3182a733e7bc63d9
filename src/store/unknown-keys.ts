// Keys that this lab does not know: a newer lab wrote them, and it needs them again after a rollback.
// Pure.
import { isDeepStrictEqual } from 'node:util'

/** A value as the file held it, and what this lab understood of it. */
export interface ReadValue {
  readonly raw: unknown
  readonly known: unknown
}

/**
 * Returns `now` with every key that `raw` holds and `known` lacks, on every level. A nested object or
 * array item gets the keys of the one that it was read from; `isSame` finds that one. An object that
 * replaced another gets none of the other's keys.
 */
export function withUnknownKeys(now: unknown, { raw, known }: ReadValue): unknown {
  if (Array.isArray(now) && Array.isArray(raw) && Array.isArray(known))
    return now.map((item: unknown) => {
      const index = known.findIndex((one) => isSame(item, one))
      return withUnknownKeys(item, { raw: raw[index], known: known[index] })
    })
  if (!isObject(now) || !isObject(raw) || !isObject(known) || !isSame(now, known)) return now
  const kept = Object.entries(now).map(([key, value]) => [
    key,
    withUnknownKeys(value, { raw: raw[key], known: known[key] }),
  ])
  const unknown = Object.entries(raw).filter(
    ([key]) => !Object.hasOwn(known, key) && !Object.hasOwn(now, key),
  )
  // Unlike an assignment, this also makes a key that is named `__proto__`.
  return Object.fromEntries([...kept, ...unknown]) as unknown
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const identifying = new Set(['id', 'pid', 'start', 'startedAt', 'at'])

/** The keys that tell one instance, process, tmux server or end from another. */
export function identityOf(value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([key]) => identifying.has(key)))
}

function isSame(one: unknown, other: unknown): boolean {
  return isObject(one) && isObject(other) && isDeepStrictEqual(identityOf(one), identityOf(other))
}
