// The streams of events: HTML partials for the page, JSON for programs.
import { Hono } from 'hono'
import type { Service } from '../../instances/service.ts'
import type { WebEnv } from '../env.ts'
import type { Messages } from '../live/messages.tsx'
import { withScreen } from '../live/screens.tsx'
import type { Streams } from '../live/streams.ts'

// A named event, because htmx hides comments from the page, and the page looks out for a silent connection.
const pageHeartbeat = 'event: beat\ndata:\n\n'
const apiHeartbeat = ':\n\n'

/** Makes /events and /api/v1/events. */
export function createEventRoutes(
  instances: Service,
  { messages, streams }: { readonly messages: Messages; readonly streams: Streams },
): Hono<WebEnv> {
  const routes = new Hono<WebEnv>()

  routes.get('/api/v1/events', (c) => streams.open(c, apiHeartbeat, messages.api()))

  routes.get('/events', (c) => {
    instances.refresh()
    const known = c.req.header('last-event-id') ?? c.req.query('known') ?? ''
    const at = c.req.query('at') ?? '/'
    const { onOpen, onAttend } = withScreen(instances, at, {
      onOpen: messages.page(known, at),
      onAttend: () => instances.watchMemory(),
    })
    return streams.open(c, pageHeartbeat, onOpen, onAttend)
  })

  return routes
}
