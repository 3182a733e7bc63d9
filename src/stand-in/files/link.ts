// The deep link's id in the registry. Like Claude Code's it appears after the prompt; it can change and go.
import { randomBytes } from 'node:crypto'
import type { Behaviour } from '../behaviour.ts'
import type { Registry } from './registry.ts'

export interface Link {
  readonly isUp: boolean
  /** `lose` removes the id; `rotate` and `connect` set a new one. */
  change(what: string): void
  /** Sets the first id after `linkAfterMs`. */
  connect(): void
}

/** A link without an id. Each change writes the registry, then calls `changed`. */
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
