// The devices that Web Push reaches: each with its own outbox, and whether it has lab in front.
import { createHash } from 'node:crypto'
import type { NotifyEvent } from '../core/settings.ts'
import { InvalidRequest } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Alert } from './alert.ts'
import type { Device, NotifyFile, Subscription } from './notify-file.ts'
import { createOutbox, type Outbox, type Sent } from './outbox.ts'
import type { PushMessage, SendPush } from './push.ts'

export interface Devices {
  list(): readonly Device[]
  /** Adds a device, or the new subscription of the device `replaces`. @throws InvalidRequest when there are too many */
  add(subscription: Subscription, about: About): Device
  /** Removes the device with this id or endpoint. */
  remove(named: string): void
  setEvents(id: string, events: readonly NotifyEvent[]): void
  /** The device has lab in front until the returned function is called. */
  attend(id: string): () => void
  /** Tells each device that wants this kind and does not have lab in front; returns their ids. */
  tell(alert: Alert): readonly string[]
  /** Takes an alert back from these devices. */
  withdraw(alert: Pick<Alert, 'key' | 'instance'>, ids: readonly string[]): void
  /** Sends a test to one device, without its outbox. */
  test(id: string): Promise<Sent>
  close(): void
}

export interface About extends Pick<Device, 'name' | 'origin' | 'events'> {
  readonly replaces: string | null
}

export interface DevicesDeps {
  readonly file: NotifyFile
  readonly push: SendPush
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly now: () => number
  readonly retryMs?: number
}

// One operator's phones and computers, with room for those that were replaced.
const devicesMax = 20

const hour = 3600
const ttlSeconds = { needs: hour, died: 12 * hour, done: hour } as const

export function createDevices(deps: DevicesDeps): Devices {
  const { file, push, now } = deps
  const outboxes = new Map<string, Outbox<PushMessage>>()
  const inFront = new Map<string, number>()
  const kept = keepDevices(file, now)
  const { list, find } = kept

  function remove(named: string): void {
    kept.remove(named)
    for (const [id, outbox] of outboxes) {
      if (find(id)) continue
      outbox.close()
      outboxes.delete(id)
    }
  }

  function outboxOf(device: Device): Outbox<PushMessage> {
    const known = outboxes.get(device.id)
    if (known) return known
    const outbox = openOutbox(device, { ...deps, find, remove })
    outboxes.set(device.id, outbox)
    return outbox
  }

  function put(device: Device, key: string, message: PushMessage): void {
    outboxOf(device).put(key, message, now() + message.ttlSeconds * 1000)
  }

  return {
    ...kept,
    remove,
    attend(id) {
      const count = (by: number): void => void inFront.set(id, (inFront.get(id) ?? 0) + by)
      count(1)
      return () => {
        count(-1)
        if (inFront.get(id) === 0) inFront.delete(id)
      }
    },
    tell(alert) {
      const wanted = list().filter(({ id, events }) => events.includes(alert.kind) && !inFront.has(id)) // prettier-ignore
      for (const device of wanted) put(device, alert.key, messageOf(alert))
      return wanted.map(({ id }) => id)
    },
    withdraw(alert, ids) {
      for (const id of ids) {
        const device = find(id)
        if (!device || outboxes.get(id)?.remove(alert.key)) continue
        put(device, `${alert.key} withdrawn`, withdrawalOf(alert))
      }
    },
    async test(id) {
      const device = find(id)
      if (!device) return { outcome: 'gone' }
      const payload = { title: 'lab', body: 'lab notifies this device.', tag: 'test', key: 'test', url: '/more/phone', question: null } // prettier-ignore
      const sent = await push(device, { payload, ttlSeconds: 60, isUrgent: true, instance: 'test' })
      if (sent.outcome === 'gone') remove(id)
      return sent
    },
    close: () => outboxes.forEach((outbox) => outbox.close()),
  }
}

function openOutbox(
  { id, name }: Device,
  options: DevicesDeps & {
    readonly find: (id: string) => Device | undefined
    readonly remove: (id: string) => void
  },
): Outbox<PushMessage> {
  const { push, log, now, retryMs, find, remove } = options
  return createOutbox<PushMessage>({
    send: async (message) => {
      const device = find(id)
      return device ? push(device, message) : { outcome: 'gone' }
    },
    now,
    onGone() {
      log.info({ device: name }, 'a device does not want notifications any more')
      remove(id)
    },
    onTrouble: (why) => log.warn({ device: name, why }, 'lab could not notify a device'),
    ...(retryMs !== undefined && { retryMs }),
  })
}

/** The devices as the file has them. */
function keepDevices(file: NotifyFile, now: () => number) {
  const list = (): readonly Device[] => file.content().devices
  const find = (id: string): Device | undefined => list().find((device) => device.id === id)
  return {
    list,
    find,
    remove(named: string): void {
      const left = list().filter(({ id, endpoint }) => id !== named && endpoint !== named)
      if (left.length < list().length) file.change({ devices: [...left] })
    },
    add(subscription: Subscription, { replaces, ...about }: About): Device {
      const id = idOf(subscription)
      const others = list().filter((device) => device.id !== id && device.id !== replaces)
      if (others.length >= devicesMax)
        throw new InvalidRequest(
          `lab notifies ${devicesMax} devices, and no more. Remove one on /more/phone first.`,
        )
      const events = find(id)?.events ?? find(replaces ?? '')?.events ?? about.events
      const createdAt = new Date(now()).toISOString()
      const device = { ...subscription, id, ...about, events, createdAt }
      file.change({ devices: [...others, device] })
      return device
    },
    setEvents(id: string, events: readonly NotifyEvent[]): void {
      const change = (device: Device): Device =>
        device.id === id ? { ...device, events: [...events] } : device
      file.change({ devices: list().map(change) })
    },
  }
}

/** The same subscription is the same device. */
function idOf({ endpoint }: Subscription): string {
  return createHash('sha256').update(endpoint).digest('hex').slice(0, 32)
}

function messageOf({ kind, key, instance, question, title, body }: Alert): PushMessage {
  const url = `/instances/${instance}`
  const payload = { title, body, tag: instance, key, url, question, instance }
  return { payload, ttlSeconds: ttlSeconds[kind], isUrgent: kind !== 'done', instance }
}

function withdrawalOf({ key, instance }: Pick<Alert, 'key' | 'instance'>): PushMessage {
  const payload = { withdrawn: true, tag: instance, key }
  return { payload, ttlSeconds: hour, isUrgent: false, instance }
}
