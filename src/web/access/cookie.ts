// The cookie of a sign-in: where it is written and read. HttpOnly, for this site only, and by TLS only
// where it came by TLS.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { WebEnv } from '../env.ts'
import { signInSeconds, type Password } from './password.ts'

type Named = Pick<Password, 'cookieName'>

function optionsOf(c: Context<WebEnv>) {
  return {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: c.get('client').scheme === 'https',
  } as const
}

/** This lab's cookie as the browser sent it, or null. */
export function readCookie(c: Context<WebEnv>, { cookieName }: Named): string | null {
  return getCookie(c, cookieName) ?? null
}

/** Gives the browser a cookie for as long as a sign-in lasts. */
export function writeCookie(c: Context<WebEnv>, { cookieName }: Named, value: string): void {
  setCookie(c, cookieName, value, { ...optionsOf(c), maxAge: signInSeconds })
}

/** Takes it away, and no other lab's. */
export function dropCookie(c: Context<WebEnv>, { cookieName }: Named): void {
  deleteCookie(c, cookieName, optionsOf(c))
}
