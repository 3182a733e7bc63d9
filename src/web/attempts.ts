// How often an address may be wrong: a bounded memory of its latest tries. Pure but for the clock.
import { isIPv6 } from 'node:net'

export interface Attempts {
  /**
   * Counts one try before it is known to be wrong, so that a hundred at once are no more than the bound;
   * null when the address has none left.
   */
  take(address: string): { readonly giveBack: () => void } | null
  /** How long the address must wait for its next try. */
  waitSeconds(address: string): number
}

const windowMs = 60_000
// Whoever has that many addresses is not held up by counting them.
const addressesMax = 10_000

/** Allows `max` tries a minute for each address; an IPv6 network of 64 bits is one. */
export function createAttempts(max: number, now: () => number): Attempts {
  const tries = new Map<string, number[]>()

  function recent(key: string): number[] {
    const since = now() - windowMs
    return (tries.get(key) ?? []).filter((at) => at > since)
  }

  return {
    take(address) {
      const key = networkOf(address)
      const own = recent(key)
      if (own.length >= max) return null
      const at = now()
      tries.delete(key)
      const [oldest] = tries.keys()
      if (tries.size >= addressesMax && oldest !== undefined) tries.delete(oldest)
      tries.set(key, [...own, at])
      return {
        giveBack() {
          const left = tries.get(key) ?? []
          const index = left.indexOf(at)
          if (index >= 0) left.splice(index, 1)
          if (left.length === 0) tries.delete(key)
        },
      }
    },
    waitSeconds(address) {
      const [first] = recent(networkOf(address))
      return first === undefined ? 0 : Math.max(1, Math.ceil((first + windowMs - now()) / 1000))
    },
  }
}

/** What one party commands: an IPv4 address, or the first half of an IPv6 one. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  const groups = tail === undefined ? before : [...before, ...zeros, ...after]
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
