// What the registry and the title say of the session: idle, busy, waiting, shell.
import type { Behaviour } from '../behaviour.ts'
import type { Dialog } from '../terminal/dialogs.ts'
import type { Registry } from '../files/registry.ts'
import type { Screen } from '../terminal/screen.ts'

export interface Activity {
  readonly isBusy: boolean
  readonly shells: number
  readonly open: Dialog | null
}

export interface Status {
  /** Writes the status when it is another one. */
  show(activity: Activity): void
  /** The next frame of a busy title. */
  tick(activity: Activity): void
  /** Writes these fields, and no status after them. */
  freeze(fields: Readonly<Record<string, unknown>>): void
}

export interface StatusDeps {
  readonly registry: Registry
  readonly screen: Screen
  readonly behaviour: Pick<Behaviour, 'registry'>
  readonly name: string | null
  /** The real one keeps its title still when it sees tmux around it. */
  readonly animatesTitle: boolean
}

const frames = ['◐', '◑']

/** A status that is first written by the first `show`. */
export function createStatus({ registry, screen, behaviour, ...deps }: StatusDeps): Status {
  let frame = 0
  let shown = ''
  let isFrozen = false

  function showTitle({ isBusy, open }: Activity): void {
    const isMoving = isBusy && open === null && deps.animatesTitle
    const mark = isMoving ? frames[frame % frames.length] : '✳'
    screen.title(`${mark} ${deps.name ?? 'Claude Code'}`)
  }

  return {
    tick(activity) {
      frame++
      showTitle(activity)
    },
    freeze(fields) {
      isFrozen = true
      registry.set({ ...fields, updatedAt: Date.now() })
    },
    show(activity) {
      showTitle(activity)
      if (isFrozen) return
      const { isBusy, shells, open } = activity
      const status = open ? 'waiting' : isBusy ? 'busy' : shells > 0 ? 'shell' : 'idle'
      const waitingFor = open?.waitingFor ?? undefined
      if (behaviour.registry === 'no-status' || shown === `${status} ${waitingFor}`) return
      shown = `${status} ${waitingFor}`
      const now = Date.now()
      registry.set({ updatedAt: now, status, statusUpdatedAt: now, waitingFor })
    },
  }
}
