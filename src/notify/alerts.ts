// Follows the instances' events: raises an alert when its time has come, and withdraws it when its reason is
// gone.
import type { Instance } from '../core/instance.ts'
import type { Preferences } from '../core/settings.ts'
import type { Service } from '../instances/service.ts'
import { alertOf, type Alert } from './alert.ts'

export interface AlertsDeps {
  readonly instances: Pick<Service, 'list' | 'subscribe'>
  readonly preferences: () => Preferences['notify']
  readonly now: () => number
  readonly onRaise: (alert: Alert) => void
  readonly onWithdraw: (alert: Alert) => void
}

interface Followed {
  readonly state: Instance['state']
  readonly alert: Alert | null
  /** Set while the alert is not raised yet. */
  readonly timer: NodeJS.Timeout | null
}

// What happened longer ago, while lab was away, is on the page; a phone need not ring for it.
const newsMs = 60 * 60_000

export interface Following {
  /** Whether the reason of an alert is still there. */
  isOpen(key: string): boolean
  end(): void
}

/** Follows the instances until `end`. A question must stay open for `needsAfter` before its alert is raised. */
export function followAlerts(deps: AlertsDeps): Following {
  const { instances, preferences, onRaise, onWithdraw } = deps
  const followed = new Map<string, Followed>()

  function drop({ alert, timer }: Followed): void {
    if (timer) clearTimeout(timer)
    else if (alert) onWithdraw(alert)
  }

  function raise(id: string, alert: Alert): void {
    const now = followed.get(id)
    if (now?.alert?.key !== alert.key) return
    followed.set(id, { ...now, timer: null })
    onRaise(alert)
  }

  function look(instance: Instance): void {
    const { id, state } = instance
    // lab cannot tell now, so nothing has changed as far as it knows.
    if (state === 'unknown') return
    const last = followed.get(id)
    const made = alertOf(instance, last?.state ?? null)
    const isSame = made?.key === last?.alert?.key
    const stays = last?.alert?.kind === 'done' && state === 'ready'
    if (last && (isSame || stays)) return void followed.set(id, { ...last, state })
    if (last) drop(last)
    followed.set(id, { state, alert: made, timer: made && begin(id, made) })
  }

  function begin(id: string, alert: Alert): NodeJS.Timeout {
    const waitMs = alert.kind === 'needs' ? preferences().needsAfterMs : 0
    return setTimeout(() => raise(id, alert), waitMs).unref()
  }

  for (const instance of instances.list()) {
    const alert = alertOf(instance, null)
    if (isOld(instance, deps.now()))
      followed.set(instance.id, { state: instance.state, alert, timer: null })
    else look(instance)
  }
  const unsubscribe = instances.subscribe((event) => {
    if (event.type === 'instance') look(event.instance)
    if (event.type !== 'removed') return
    const last = followed.get(event.id)
    followed.delete(event.id)
    if (last) drop(last)
  })
  return {
    isOpen: (key) => [...followed.values()].some(({ alert }) => alert?.key === key),
    end() {
      unsubscribe()
      for (const { timer } of followed.values()) if (timer) clearTimeout(timer)
    },
  }
}

function isOld({ state, since, endedAt }: Instance, now: number): boolean {
  return state === 'error' && now - Date.parse(endedAt ?? since) > newsMs
}
