// The streams of events: HTML partials for the page, JSON for programs.
import { Hono } from 'hono'
import type { Service } from '../../instances/service.ts'
import type { Notify } from '../../notify/notify.ts'
import type { WebEnv } from '../env.ts'
import type { Messages } from '../live/messages.tsx'
import { withScreen } from '../live/screens.tsx'
import type { Streams } from '../live/streams.ts'
import { deviceOf } from './notify/push.ts'

// A named event, because htmx hides comments from the page, and the page looks out for a silent connection.
const pageHeartbeat = 'event: beat\ndata:\n\n'
const apiHeartbeat = ':\n\n'

/** Makes /events and /api/v1/events. */
export function createEventRoutes(
  instances: Service,
  {
    messages,
    streams,
    notify,
  }: { readonly messages: Messages; readonly streams: Streams; readonly notify: Notify },
): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()

  routes.get('/api/v1/events', (c) => streams.open(c, apiHeartbeat, messages.api()))

  routes.get('/events', (c) => {
    instances.refresh()
    const known = c.req.header('last-event-id') ?? c.req.query('known') ?? ''
    const at = c.req.query('at') ?? '/'
    const device = deviceOf(c, notify)
    const { onOpen, onAttend } = withScreen(instances, at, {
      onOpen: messages.page(known, at),
      onAttend() {
        const unwatch = instances.watchMemory()
        // A page that is hidden closes its stream, so this device has lab in front.
        const leave = device === null ? null : notify.attend(device)
        return () => {
          unwatch()
          leave?.()
        }
      },
    })
    return streams.open(c, pageHeartbeat, onOpen, onAttend)
  })

  return routes
}
