// The page about being told, and its forms. They work without a script; only a subscription needs one.
import type { Context, Hono } from 'hono'
import { isLoopback } from '../../../core/loopback.ts'
import { eventsShape } from '../../../notify/notify-file.ts'
import type { Notify } from '../../../notify/notify.ts'
import type { WebEnv } from '../../env.ts'
import { checked, readText } from '../../raw-body.ts'
import type { Pane } from '../../views/pane/pane.tsx'
import type { Tested } from '../../views/pane/phone.tsx'
import { deviceOf, noteAddress, test } from './push.ts'

/** Its address, under which a stream of the page asks for it as well. */
export const phonePath = '/more/phone'

/** Adds the routes below /more/phone; `shown` draws a pane as the page that asks gets it. */
export function addPhoneRoutes(
  routes: Hono<WebEnv>,
  notify: Notify,
  shown: (c: Context<WebEnv>, pane: Pane, path?: string) => Response,
): void {
  function show(c: Context<WebEnv>, results: readonly Tested[] = []): Response {
    const own = deviceOf(c, notify)
    const { key, url } = notify
    const devices = notify.list()
    const phone = { key, url, devices, own, results, address: addressOf(c, notify) }
    return shown(c, { kind: 'phone', phone }, phonePath)
  }

  routes.get(phonePath, (c) => show(c))

  routes.post(`${phonePath}/test`, async (c) => {
    noteAddress(c, notify)
    const own = deviceOf(c, notify)
    const devices = own === null ? notify.list().map(({ id }) => id) : [own]
    return show(c, await test(notify, devices))
  })

  routes.post(`${phonePath}/events`, async (c) => {
    const own = deviceOf(c, notify)
    const fields = new URLSearchParams(await readText(c))
    if (own !== null) notify.setEvents(own, checked(eventsShape, fields.getAll('events')))
    return c.redirect(phonePath, 303)
  })

  routes.post(`${phonePath}/remove`, async (c) => {
    notify.remove(new URLSearchParams(await readText(c)).get('device') ?? '')
    return c.redirect(phonePath, 303)
  })

  // A reload of the page that answered a form is a GET of the form's address.
  routes.get(`${phonePath}/:form`, (c) => c.redirect(phonePath, 303))
}

/** The address under which a phone finds lab; null while the operator has used none but this machine's own. */
function addressOf(c: Context<WebEnv>, notify: Notify): string | null {
  const { host, scheme } = c.get('client')
  const origin = `${scheme ?? 'http'}://${host}`
  if (URL.canParse(origin) && !isLoopback(new URL(origin).hostname)) return origin
  return notify.address()
}
