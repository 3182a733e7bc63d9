// The deep link's id in the registry: it comes some time after the prompt, changes and goes away.
import { randomBytes } from 'node:crypto'
import type { Behaviour } from '../behaviour.ts'
import type { Registry } from './registry.ts'

export interface Link {
  readonly isUp: boolean
  /** `lose` takes the id away, `rotate` and `connect` give a new one. */
  change(what: string): void
  /** Lets the id come when it is due. */
  connect(): void
}

/** A link that tells the registry of each change and calls `changed`. */
export function createLink(
  registry: Registry,
  behaviour: Pick<Behaviour, 'linkAfterMs' | 'linkRotateMs'>,
  changed: () => void,
): Link {
  let isUp = false
  const set = (id: string | undefined): void => {
    isUp = id !== undefined
    registry.set({ bridgeSessionId: id, updatedAt: Date.now() })
    changed()
  }
  return {
    get isUp() {
      return isUp
    },
    change: (what) => set(what === 'lose' ? undefined : newId()),
    connect() {
      if (behaviour.linkAfterMs === null) return
      setTimeout(() => {
        set(newId())
        if (behaviour.linkRotateMs !== null) setInterval(() => isUp && set(newId()), behaviour.linkRotateMs)
      }, behaviour.linkAfterMs)
    },
  } // prettier-ignore
}

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function newId(): string {
  return `cse_01${[...randomBytes(22)].map((byte) => alphabet[byte % alphabet.length]).join('')}`
}
