// The cookie of a sign-in: where it is written and read. HttpOnly, for this site only, and by TLS only
// where it came by TLS.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { WebEnv } from './env.ts'
import { signInSeconds } from './password.ts'

const name = 'lab_sign_in'

function optionsOf(c: Context<WebEnv>) {
  return {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: c.get('sender').scheme === 'https',
  } as const
}

/** The cookie that the browser sent, or null. */
export function readCookie(c: Context<WebEnv>): string | null {
  return getCookie(c, name) ?? null
}

/** Gives the browser a cookie for as long as a sign-in lasts. */
export function writeCookie(c: Context<WebEnv>, value: string): void {
  setCookie(c, name, value, { ...optionsOf(c), maxAge: signInSeconds })
}

/** Takes it away. */
export function dropCookie(c: Context<WebEnv>): void {
  deleteCookie(c, name, optionsOf(c))
}
