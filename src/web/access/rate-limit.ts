// How often an address may be wrong: a bounded memory of its latest tries.
import { isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createQueue, type Queue } from '../../queue.ts'

export interface RateLimit {
  /**
   * Counts one try before it is known to be wrong, so that a hundred at once are no more than the bound;
   * null when the address has none left.
   */
  take(address: string): { readonly giveBack: () => void } | null
  /**
   * Checks one more of an address that has no tries left, for many may share it: one after the other, with
   * a rest after each that was wrong. Null when too many wait already; they are not checked.
   */
  slowly(address: string, check: () => Promise<boolean>): Promise<boolean | null>
  /** How long the address must wait for its next try. */
  waitSeconds(address: string): number
}

const windowMs = 60_000
// Counting does not stop an attacker with that many addresses.
const addressesMax = 10_000
const countersMax = 1000

export interface Slowness {
  /** How long after so many wrong ones in a row the next is checked. */
  readonly restMs: (wrong: number) => number
  readonly waitingMax: number
}

// A user who mistypes while an attacker guesses waits a few seconds. The attacker gets six more tries a minute.
const slownessDefault: Slowness = {
  restMs: (wrong) => Math.min(10, wrong) * 1000,
  waitingMax: 3,
}

interface Counter {
  queue: Queue
  wrong: number
  lastAt: number
}

/** Allows `max` tries a minute for each address; an IPv6 network of 64 bits is one. */
export function createRateLimit(
  max: number,
  now: () => number,
  { restMs, waitingMax }: Slowness = slownessDefault,
): RateLimit {
  const tries = new Map<string, number[]>()
  const counters = new Map<string, Counter>()

  function counterOf(key: string): Counter | null {
    for (const [other, { queue, lastAt }] of counters)
      if (queue.size() === 0 && performance.now() - lastAt > windowMs) counters.delete(other)
    if (counters.size >= countersMax && !counters.has(key)) return null
    const counter = counters.get(key) ?? { queue: createQueue(), wrong: 0, lastAt: 0 }
    counters.set(key, counter)
    return counter
  }

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
    async slowly(address, check) {
      const counter = counterOf(networkOf(address))
      if (!counter || counter.queue.size() >= waitingMax) return null
      return counter.queue.run(async () => {
        // By a clock that no administrator sets.
        await sleep(Math.max(0, counter.lastAt + restMs(counter.wrong) - performance.now()))
        const isRight = await check()
        counter.lastAt = performance.now()
        counter.wrong = isRight ? 0 : counter.wrong + 1
        return isRight
      })
    },
    waitSeconds(address) {
      const [first] = recent(networkOf(address))
      return first === undefined ? 0 : Math.max(1, Math.ceil((first + windowMs - now()) / 1000))
    },
  }
}

/** The addresses that one party has: an IPv4 address, or the first half of an IPv6 one. */
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
