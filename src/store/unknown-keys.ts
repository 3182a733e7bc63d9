// Keys that this lab does not know: a newer lab wrote them, and it needs them again after a rollback.
// Pure.

/** A value as the file held it, and what this lab understood of it. */
export interface ReadValue {
  readonly raw: unknown
  readonly known: unknown
}

type Keys = Readonly<Record<string, unknown>>

/**
 * Returns `now` with every key that `raw` holds and `known` lacks, on every level; `now` itself where
 * there is no such key. A nested object or array item gets the keys of its own raw value. An object that
 * replaced another gets none of the other's keys.
 */
export function withUnknownKeys(now: unknown, { raw, known }: ReadValue): unknown {
  if (Array.isArray(now)) {
    if (!Array.isArray(raw) || !Array.isArray(known)) return now
    const items = now.map((item: unknown) => {
      const index = isObject(item) ? known.findIndex((other) => isSame(item, other)) : -1
      return index < 0 ? item : withUnknownKeys(item, { raw: raw[index], known: known[index] })
    })
    return items.some((item, index) => item !== now[index]) ? items : now
  }
  if (!isObject(now) || !isObject(raw) || !isObject(known) || !isSame(now, known)) return now
  const added = Object.entries(raw).filter(
    ([key]) => !Object.hasOwn(known, key) && !Object.hasOwn(now, key),
  )
  for (const [key, value] of Object.entries(now)) {
    if (typeof value !== 'object' || value === null) continue
    const whole = withUnknownKeys(value, { raw: raw[key], known: known[key] })
    if (whole !== value) added.push([key, whole])
  }
  // Unlike an assignment, this also makes a key that is named `__proto__`.
  return added.length > 0 ? { ...now, ...Object.fromEntries(added) } : now
}

export function isObject(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const identifying = ['id', 'pid', 'start', 'startedAt', 'at']

/** The keys that identify an instance, a process, a tmux server or an end. */
export function identityOf(value: unknown): Keys {
  if (!isObject(value)) return {}
  const keys = identifying.filter((key) => Object.hasOwn(value, key))
  return Object.fromEntries(keys.map((key) => [key, value[key]]))
}

function isSame(item: Keys, other: unknown): boolean {
  return isObject(other) && identifying.every((key) => item[key] === other[key])
}
