// Tells the operator what the instances need, where no page is open. A client of the instances' service and
// events, like the page.
import type { Preferences } from '../core/settings.ts'
import type { Service } from '../instances/service.ts'
import type { Log } from '../log.ts'
import type { Alert } from './alert.ts'
import { followAlerts } from './alerts.ts'
import { createOutbox } from './outbox.ts'
import { createWebhook } from './webhook.ts'

export interface NotifyDeps {
  readonly instances: Pick<Service, 'list' | 'subscribe'>
  readonly preferences: () => Preferences['notify']
  /** The value of --notify-url. */
  readonly url: string | null
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly now: () => number
  /** Stands in for the first pause between two attempts. */
  readonly retryMs?: number
}

export interface Notify {
  /** Stops at once; what waits is not sent. */
  close(): void
}

// A question may be worth hours; who reads of it later than that looks at the page anyway.
const worthMs = 6 * 60 * 60_000

/** Tells of what happens from now on, and of what is open and was not told. */
export function createNotify(deps: NotifyDeps): Notify {
  const { instances, preferences, url, log, now, retryMs } = deps
  const webhook = url === null ? null : createWebhook(url)
  const toWebhook =
    webhook &&
    createOutbox<Alert>({
      send: ({ deepLink: click, ...alert }) => webhook({ ...alert, click }),
      now,
      onGone: () => undefined,
      onTrouble: (why) =>
        log.warn({ why }, 'lab could not notify the address of --notify-url, and tries again'),
      ...(retryMs !== undefined && { retryMs }),
    })
  const told = new Set<string>()
  const unfollow = followAlerts({
    instances,
    preferences,
    now,
    isTold: (key) => told.has(key),
    onRaise(alert) {
      if (told.has(alert.key) || !preferences().events.includes(alert.kind)) return
      told.add(alert.key)
      toWebhook?.put(alert.key, alert, now() + worthMs)
    },
    onWithdraw({ key }) {
      told.delete(key)
      toWebhook?.remove(key)
    },
  })
  return {
    close() {
      unfollow()
      toWebhook?.close()
    },
  }
}
