// The screens of instances, for those who look at them: read at most twice a second, and only while somebody
// looks.
import type { Screen } from '../../core/input/message.ts'
import type { Log } from '../../log.ts'
import type { Tmux } from '../../tmux/tmux.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'

export interface ScreenWatch {
  /**
   * Calls `listener` with the screen at once, and after each change, until the caller calls the returned
   * function. A listener hears nothing while the screen cannot be read.
   */
  watch(entry: Entry, listener: (screen: Screen) => void): () => void
}

const everyMs = 500

interface Watched {
  readonly listeners: Set<(screen: Screen) => void>
  last: Screen | null
}

export function createScreenWatch({
  tmux,
  ledger,
  log,
}: {
  readonly tmux: Pick<Tmux, 'screen'>
  readonly ledger: Pick<Ledger, 'find'>
  readonly log: Log
}): ScreenWatch {
  const watched = new Map<string, Watched>()

  async function look(id: string, { listeners, last }: Watched): Promise<Screen | null> {
    const pane = ledger.find(id)?.seen.session?.paneId
    if (pane === undefined) return last
    const screen = await tmux.screen(pane)
    if (last && isSame(last, screen)) return last
    for (const listener of listeners) listener(screen)
    return screen
  }

  async function follow(id: string, one: Watched): Promise<void> {
    while (one.listeners.size > 0) {
      const next = new Promise((resolve) => setTimeout(resolve, everyMs))
      try {
        one.last = await look(id, one)
      } catch (error) {
        // The pane has ended, or tmux does not answer now. The row says which.
        log.debug({ err: error, instance: id }, 'lab could not read a screen')
      }
      await next
    }
    if (watched.get(id) === one) watched.delete(id)
  }

  return {
    watch({ id }, listener) {
      const known = watched.get(id)
      const one = known ?? { listeners: new Set(), last: null }
      one.listeners.add(listener)
      if (known === undefined) {
        watched.set(id, one)
        void follow(id, one)
      } else if (one.last) listener(one.last)
      return () => void one.listeners.delete(listener)
    },
  }
}

function isSame(a: Screen, b: Screen): boolean {
  return (
    a.columns === b.columns &&
    a.rows.length === b.rows.length &&
    a.rows.every((row, i) => row === b.rows[i])
  )
}
