// Web Push: lab's key, the browsers' subscriptions, and a test. The browser's cookie names its device.
import { Hono, type Context } from 'hono'
import { isLoopback } from '../../../core/loopback.ts'
import { InvalidRequest } from '../../../errors.ts'
import { subscriptionShape } from '../../../notify/notify-file.ts'
import type { Notify } from '../../../notify/notify.ts'
import { readDeviceCookie, writeDeviceCookie } from '../../access/cookie.ts'
import { readJson } from '../../raw-body.ts'
import type { WebEnv } from '../../env.ts'

/** Makes the routes below /api/v1/push. */
export function createPushRoutes(notify: Notify): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()

  routes.get('/api/v1/push/key', (c) => c.json({ key: notify.key }))

  routes.post('/api/v1/push/subscriptions', async (c) => {
    const subscription = await readJson(c, subscriptionShape)
    const origin = c.req.header('origin') ?? null
    const replaces = deviceOf(c, notify)
    const name = nameOf(c.req.header('user-agent') ?? '')
    const { id, events } = notify.add(subscription, { name, origin, replaces, events: [...notify.events()] }) // prettier-ignore
    noteAddress(c, notify)
    writeDeviceCookie(c, notify.key, id)
    return c.json({ id, name, events }, 201)
  })

  routes.delete('/api/v1/push/subscriptions', async (c) => {
    const { endpoint } = await readJson(c, subscriptionShape.pick({ endpoint: true }))
    notify.remove(endpoint)
    return c.body(null, 204)
  })

  routes.post('/api/v1/push/test', async (c) => {
    const own = deviceOf(c, notify)
    const devices = own === null ? notify.list().map(({ id }) => id) : [own]
    return c.json({ results: await test(notify, devices) })
  })

  return routes
}

/** The asking browser's device; null when lab does not notify it. */
export function deviceOf(c: Context<WebEnv>, notify: Pick<Notify, 'key' | 'list'>): string | null {
  const id = readDeviceCookie(c, notify.key)
  return notify.list().some((device) => device.id === id) ? id : null
}

/** Sends a test to these devices and to the address of --notify-url. @throws InvalidRequest when there are none */
export async function test(notify: Notify, devices: readonly string[]) {
  const toUrl = notify.url === null ? [] : (['url'] as const)
  const targets = [...devices.map((device) => ({ device })), ...toUrl]
  if (targets.length === 0)
    throw new InvalidRequest('lab notifies no device yet. Open /more/phone on the device first.')
  return Promise.all(
    targets.map(async (target) => {
      const name = target === 'url' ? '--notify-url' : nameIn(notify, target.device)
      const sent = await notify.test(target).catch(() => ({ outcome: 'later', why: 'no answer' }) as const) // prettier-ignore
      return { name, ...sent }
    }),
  )
}

function nameIn(notify: Notify, device: string): string {
  return notify.list().find(({ id }) => id === device)?.name ?? device
}

/** Remembers where a phone finds lab; the loopback address is nothing to a phone. */
export function noteAddress(c: Context<WebEnv>, notify: Notify): void {
  const origin = c.req.header('origin')
  if (origin !== undefined && URL.canParse(origin) && !isLoopback(new URL(origin).hostname))
    notify.noteAddress(origin)
}

const systems = [/iPhone/, /iPad/, /Android/, /Windows/, /Mac OS X/, /Linux/]
const browsers = [/Firefox/, /Edg/, /OPR/, /Chrome/, /Safari/]
const words: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'Mac' }

/** A device as its operator recognises it, such as `Android, Chrome`. */
function nameOf(userAgent: string): string {
  const found = [systems, browsers].flatMap((patterns) => {
    const word = patterns.map((pattern) => pattern.exec(userAgent)?.[0]).find(Boolean)
    return word ? [words[word] ?? word] : []
  })
  return found.join(', ') || 'A browser'
}
