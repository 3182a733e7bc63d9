// Tells the operator what the instances need, where no page is open. A client of the instances' service and
// events, like the page.
import type { Preferences } from '../core/settings.ts'
import type { Service } from '../instances/service.ts'
import type { Log } from '../log.ts'
import type { Alert } from './alert.ts'
import { followAlerts } from './alerts.ts'
import { createDevices, type Devices } from './devices.ts'
import type { NotifyFile } from './notify-file.ts'
import { createOutbox, type Sent } from './outbox.ts'
import { createPush, type SendPush } from './push.ts'
import { createWebhook, type SendToWebhook } from './webhook.ts'

export interface NotifyDeps {
  readonly instances: Pick<Service, 'list' | 'subscribe'>
  readonly preferences: () => Preferences['notify']
  /** The value of --notify-url. */
  readonly url: string | null
  readonly file: NotifyFile
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly now: () => number
  /** Stands in for the way to the push services. */
  readonly push?: SendPush
  /** Stands in for the first pause between two attempts. */
  readonly retryMs?: number
}

export interface Notify extends Pick<Devices, 'list' | 'add' | 'remove' | 'setEvents' | 'attend'> {
  /** lab's public key, by which a browser makes a subscription for lab alone. */
  readonly key: string
  /** The address of --notify-url without a password; null for none. */
  readonly url: string | null
  /** The events that a new device gets. */
  events(): Preferences['notify']['events']
  /** The origin that was noted last. */
  address(): string | null
  /** Notes the origin under which the operator reaches lab, for links in other programs. */
  noteAddress(origin: string): void
  /** Sends a test to a device, or to the address of --notify-url. */
  test(target: { readonly device: string } | 'url'): Promise<Sent>
  /** Stops at once; what waits is not sent. */
  close(): void
}

// A question may be worth hours; who reads of it later than that looks at the page anyway.
const worthMs = 6 * 60 * 60_000
// Far more than are open at once.
const toldMax = 200
// After a start lab needs a moment to see again what the agents ask.
const settleMs = 15_000

/** Tells of what happens from now on, and of what is open and was not told. */
export function createNotify(deps: NotifyDeps): Notify {
  const { instances, preferences, url, file, now } = deps
  const { keys } = file.content()
  const push = deps.push ?? createPush(keys)
  const devices = createDevices({ ...deps, push })
  const webhook = url === null ? null : createWebhook(url)
  const toWebhook = webhook && openWebhook(webhook, deps)
  const events = (): Preferences['notify']['events'] => preferences().events

  function raise(alert: Alert): void {
    const { told } = file.content()
    if (told.some(({ key }) => key === alert.key)) return
    const ids = devices.tell(alert)
    if (events().includes(alert.kind)) toWebhook?.put(alert.key, alert, now() + worthMs)
    const one = { key: alert.key, instance: alert.instance, devices: [...ids] }
    file.change({ told: [...told, one].slice(-toldMax) })
  }

  function withdraw(key: string): void {
    const { told } = file.content()
    const one = told.find((candidate) => candidate.key === key)
    if (!one) return
    toWebhook?.remove(key)
    devices.withdraw(one, one.devices)
    file.change({ told: told.filter((candidate) => candidate !== one) })
  }

  const following = followAlerts({
    instances,
    preferences,
    now,
    onRaise: raise,
    onWithdraw: ({ key }) => withdraw(key),
  })
  // What was answered while lab was away.
  const settling = setTimeout(() => {
    const asked = file.content().told.filter(({ key }) => key.includes(' asks '))
    for (const { key } of asked) if (!following.isOpen(key)) withdraw(key)
  }, settleMs).unref()

  return {
    ...devices,
    key: keys.publicKey,
    url: url === null ? null : withoutPassword(url),
    events,
    address: () => file.content().address,
    noteAddress(origin) {
      if (origin !== file.content().address) file.change({ address: origin })
    },
    async test(target) {
      if (target !== 'url') return devices.test(target.device)
      const [title, body] = ['lab', 'lab notifies this address.']
      if (!webhook) return { outcome: 'gone' }
      return webhook({ kind: 'done', instance: '', title, body, click: file.content().address })
    },
    close() {
      clearTimeout(settling)
      following.end()
      toWebhook?.close()
      devices.close()
    },
  }
}

function openWebhook(webhook: SendToWebhook, { file, now, log, retryMs }: NotifyDeps) {
  return createOutbox<Alert>({
    send({ deepLink, kind, title, body, instance }) {
      const { address } = file.content()
      const click = address === null ? deepLink : `${address}/instances/${instance}`
      return webhook({ kind, title, body, instance, click })
    },
    now,
    onGone: () => undefined,
    onTrouble: (why) => log.warn({ why }, 'lab could not notify the address of --notify-url'),
    ...(retryMs !== undefined && { retryMs }),
  })
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/[^/?#]*@/, '//')
}
