// How a form is answered: what htmx sends with partials, any other with a redirect to the page; what is
// refused is rendered by the app's onError.
import type { Context } from 'hono'
import type { WebEnv } from '../env.ts'
import type { PageOptions } from '../views/document.tsx'
import { htmlOf, Partial } from '../views/parts.tsx'

/** Whether htmx asks, and can place partials. */
export function isHtmx(c: Context<WebEnv>): boolean {
  return c.req.header('hx-request') === 'true'
}

/** What a page differs in by who asks for it, and how they come. */
export function askerOf(c: Context<WebEnv>): Pick<PageOptions, 'canSignOut' | 'isProxied'> {
  return { canSignOut: c.get('principal').hasSignedIn, isProxied: c.get('client').isProxied }
}

/** Partials for htmx, else back to the page, at the place the form was in. */
export function done(c: Context<WebEnv>, partials: () => string, place: string): Response {
  return isHtmx(c) ? c.html(partials()) : c.redirect(`/${place}`, 303)
}

/** Empties a message line. */
export function cleared(line: string): string {
  return htmlOf(<Partial into={line} swap="innerHTML" />)
}
