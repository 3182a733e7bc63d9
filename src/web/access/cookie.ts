// lab's cookies, of a sign-in and of a device that lab notifies: where they are written and read. HttpOnly,
// for this site only, and by TLS only where they came by TLS.
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

// The longest that browsers keep a cookie; a device that lab does not know any more is none.
const deviceSeconds = 400 * 24 * 3600

/** Each lab has a key of its own, and so a cookie of its own under one host name. */
function deviceCookie(key: string): string {
  return `lab_device_${key.slice(-8)}`
}

/** The id that the browser keeps as that of its device, or null. */
export function readDeviceCookie(c: Context<WebEnv>, key: string): string | null {
  return getCookie(c, deviceCookie(key)) ?? null
}

/** Has the browser keep the id of its device. */
export function writeDeviceCookie(c: Context<WebEnv>, key: string, id: string): void {
  setCookie(c, deviceCookie(key), id, { ...optionsOf(c), maxAge: deviceSeconds })
}
