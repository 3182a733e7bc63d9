// The session's status (idle, busy, waiting, shell) in the registry and in the title.
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
  /** Shows the activity in the title, and writes the status when it has changed. */
  show(activity: Activity): void
  /** Shows the next frame of a busy title. */
  tick(activity: Activity): void
  /** Writes these fields. Later calls of `show` write no status. */
  freeze(fields: Readonly<Record<string, unknown>>): void
}

export interface StatusDeps {
  readonly registry: Registry
  readonly screen: Screen
  readonly behaviour: Pick<Behaviour, 'registry' | 'waitingMs'>
  readonly name: string | null
  /** Whether a busy title moves. Claude Code keeps the title still when it sees tmux. */
  readonly animatesTitle: boolean
}

const frames = ['◐', '◑']

/** A status that the first `show` writes. */
export function createStatus({ registry, screen, behaviour, ...deps }: StatusDeps): Status {
  let frame = 0
  let shown = ''
  let isFrozen = false
  let later: NodeJS.Timeout | undefined

  function showTitle({ isBusy, open }: Activity): void {
    const isMoving = isBusy && open === null && deps.animatesTitle
    const symbol = isMoving ? frames[frame % frames.length] : '✳'
    screen.title(`${symbol} ${deps.name ?? 'Claude Code'}`)
  }

  function write({ isBusy, shells, open }: Activity): void {
    if (isFrozen) return
    const status = open ? 'waiting' : isBusy ? 'busy' : shells > 0 ? 'shell' : 'idle'
    const waitingFor = open?.waitingFor ?? undefined
    if (behaviour.registry === 'no-status' || shown === `${status} ${waitingFor}`) return
    shown = `${status} ${waitingFor}`
    const now = Date.now()
    registry.set({ updatedAt: now, status, statusUpdatedAt: now, waitingFor })
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
      clearTimeout(later)
      // Claude Code opens a dialog before it says so in the registry.
      if (activity.open === null || shown.startsWith('waiting')) write(activity)
      else later = setTimeout(() => write(activity), behaviour.waitingMs)
    },
  }
}
