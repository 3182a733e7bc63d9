// lab's own password: a browser that sends it gets a signed cookie. The keys come from the password and
// from lab's salt: a cookie outlives a restart of lab, but not a new password or a new salt.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { createQueue } from '../../queue.ts'
import type { SecretFile } from './secret-file.ts'

/** The content of a password file. */
export interface PasswordText {
  readonly password: string
}

/** The first line is the password. @throws Error when there is none, or more after it */
export function parsePassword(text: string): PasswordText {
  const [password = '', ...rest] = text.split(/\r?\n/)
  if (password === '') throw new Error('holds no password: write one in its first line')
  if (rest.some((line) => line !== '')) throw new Error('holds more than one line')
  return { password }
}

/** The part of a sign-in that outlives lab; see src/store/auth-sessions.ts. */
export interface SignInStore {
  /** Tells this lab from every other; no secret, and the same after a restart. */
  readonly lab: string
  salt(): string
  isEnded(id: string): boolean
  end(id: string, until: number): Promise<void>
  endAll(): Promise<void>
}

export interface Password {
  /**
   * The name of this lab's cookies. A browser keeps cookies by host and not by port: under one name, two
   * labs on a machine, or behind two tunnels, would sign each other's visitors out.
   */
  readonly cookieName: string
  /** Whether it is the password; takes the time of one scrypt, one after the other. */
  isRight(candidate: string): Promise<boolean>
  /** How many wait for that answer. */
  waiting(): number
  /** A new sign-in's cookie. */
  issue(): Promise<string>
  /** The sign-in of a cookie, or null when it is forged, ended, too old, or from before a new password. */
  authenticate(cookie: string): Promise<SignIn | null>
  /** Reads the file again; resolves when its content counts. */
  refresh(): Promise<void>
  /** Ends all sign-ins, everywhere. */
  endAll(): Promise<void>
}

export interface SignIn {
  /** Whether it still counts; cheap. */
  isGood(): boolean
  end(): Promise<void>
}

interface Keys {
  readonly verifier: Buffer
  readonly signing: Buffer
}

/** How long a cookie is good. */
export const signInSeconds = 30 * 24 * 3600

/** Opens the password over its file and what the store knows of sign-ins. */
export function createPassword(
  file: SecretFile<PasswordText>,
  store: SignInStore,
  now: () => number,
): Password {
  let keys: Keys | null = null
  let keysOf: { readonly text: PasswordText | null; readonly salt: string } | null = null
  let loading: Promise<void> | null = null
  // One derivation at a time: each takes 32 MB, and a client that sends many passwords only waits longer.
  const derivations = createQueue()

  function derive(password: string, salt: string): Promise<Keys> {
    return derivations.run(() => derivedKeys(password, salt))
  }

  const isCurrent = (): boolean => keysOf?.text === file.read() && keysOf.salt === store.salt()

  async function load(): Promise<void> {
    while (!isCurrent()) {
      const text = file.read()
      const salt = store.salt()
      keys = text && (await derive(text.password, salt))
      keysOf = { text, salt }
    }
  }

  async function current(): Promise<Keys | null> {
    if (!isCurrent()) await (loading ??= load().finally(() => (loading = null)))
    return keys
  }

  const isFresh = (used: Keys): boolean => isCurrent() && used === keys

  return {
    cookieName: `lab_sign_in_${store.lab}`,
    async isRight(candidate) {
      const before = await current()
      if (!before) return false
      const { verifier } = await derive(candidate, store.salt())
      return isFresh(before) && timingSafeEqual(verifier, before.verifier)
    },
    waiting: () => derivations.size(),
    async issue() {
      const made = await current()
      if (!made) throw new Error('the password cannot be read')
      const content = `${Math.floor(now() / 1000)}.${randomBytes(16).toString('base64url')}`
      return `${content}.${macOf(made.signing, content).toString('base64url')}`
    },
    async authenticate(cookie) {
      const used = await current()
      const [, content = '', issued = '', id = '', mac = ''] =
        /^((\d{1,12})\.([\w-]{22}))\.([\w-]{43})$/.exec(cookie) ?? []
      if (!used || mac === '') return null
      if (!timingSafeEqual(macOf(used.signing, content), Buffer.from(mac, 'base64url'))) return null
      const until = (Number(issued) + signInSeconds) * 1000
      const isGood = () => now() < until && !store.isEnded(id) && isFresh(used)
      return isGood() ? { isGood, end: () => store.end(id, until) } : null
    },
    async refresh() {
      await current()
    },
    endAll: () => store.endAll(),
  }
}

function macOf(signing: Buffer, content: string): Buffer {
  return createHmac('sha256', signing).update(content).digest()
}

// 2^15 · 8 · 128 bytes are 32 MB and about a tenth of a second: nothing for one who types, much for one
// who guesses.
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }

function derivedKeys(password: string, salt: string): Promise<Keys> {
  return new Promise((done, fail) => {
    scrypt(password.normalize('NFKC'), salt, 64, cost, (error, key) => {
      if (error) fail(error)
      else done({ verifier: key.subarray(0, 32), signing: key.subarray(32) })
    })
  })
}
