// Parsers of what is typed after a flag: each returns a setting, or refuses the value in one line. Pure.
import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import { absolutePath, type PathContext } from '../argv.ts'
import { UsageError } from '../errors.ts'

/** A value as typed, never empty but where a flag may be repeated. */
export interface Typed {
  readonly text: string
  /** The flag and its value, on one line, as the first words of a refusal. */
  readonly subject: string
  readonly context: PathContext
}

export function parsePath({ text, context }: Typed): string {
  return absolutePath(text, context)
}

/** A name to look for in PATH, or an absolute path. */
export function parseProgram(typed: Typed): string {
  return /^~|\//.test(typed.text) ? parsePath(typed) : typed.text
}

// tmux and the kernel take a C int for a count.
const countMax = 2_147_483_647

/** Returns the parser of whole numbers from `min` to `max`; `wanted` says which ones, and what to give. */
export function wholeNumber(options: {
  readonly min: number
  readonly max?: number
  readonly wanted: string
}): (typed: Typed) => number {
  const { min, max = countMax, wanted } = options
  return ({ text, subject }) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : -1
    if (number >= min && number <= max) return number
    throw new UsageError(`${subject} is not a whole number ${wanted}.`)
  }
}

/** An address or a host name in lower case, without brackets. */
export function parseHost({ text, subject }: Typed): string {
  const host = text.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (isIP(host) !== 0 || /^(?=.*[a-z])[a-z0-9._-]+$/.test(host)) return host
  throw new UsageError(`${subject} is not an address: give one such as 127.0.0.1 or ::1.`)
}

/** A network as `ADDRESS/BITS`. */
export function parseNetwork({ text, subject }: Typed): string {
  const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const max = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  const prefix = bits === undefined ? max : Number(bits)
  if (max > 0 && prefix > 0 && prefix <= max && !address.includes('%'))
    return `${address}/${prefix}`
  throw new UsageError(
    max > 0 && prefix === 0
      ? `${subject} trusts every address: name the proxy's own address, such as 127.0.0.1/32.`
      : `${subject} is not a network: give one such as 127.0.0.1/32 or fd00::/8.`,
  )
}

/** A header's name; null for `none`. */
export function parseHeaderName({ text, subject }: Typed): string | null {
  if (text === 'none') return null
  if (/^[A-Za-z0-9-]+$/.test(text)) return text
  throw new UsageError(`${subject} is not a header name: give one such as Remote-User, or none.`)
}

export function parseSocket(typed: Typed): string {
  const { text, subject } = typed
  if (/^[A-Za-z0-9_-]+$/.test(text)) return text
  if (isAbsolute(text) || text.startsWith('~/')) return parsePath(typed)
  throw new UsageError(
    `${subject} is not a socket: give a name of letters, digits, _ and -, an absolute path, or default.`,
  )
}

/** A host name without port, as `URL.hostname` writes it. */
export function parseHostName({ text, subject }: Typed): string {
  const name = /^\[[0-9A-Fa-f:.]+\]$|^[A-Za-z0-9._-]+$/.test(text)
  if (name && URL.canParse(`http://${text}`)) return new URL(`http://${text}`).hostname
  throw new UsageError(
    `${subject} is not a host name: give the bare name, such as box.example.net, without scheme, port or path.`,
  )
}

export function parseVariable({ text, subject }: Typed): string {
  if (/^[A-Za-z_]\w*$/.test(text)) return text
  throw new UsageError(`${subject} is not a variable name: give the name alone, such as GH_TOKEN.`)
}

/** Returns the parser of a level: one word of a closed set. */
export function level<T extends string>(words: readonly T[]): (typed: Typed) => T {
  return ({ text, subject }) => {
    const word = words.find((known) => known === text)
    if (word !== undefined) return word
    throw new UsageError(`${subject} is not a level: use one of ${words.join(', ')}.`)
  }
}

/** The address of an ntfy topic or of a webhook. It is a secret, so a refusal does not repeat it. */
export function parseNotifyUrl({ text }: Typed): string {
  const address = text.replace(/^json\+/, '')
  if (/^https?:\/\//.test(address) && URL.canParse(address)) return text
  throw new UsageError(
    '--notify-url is not an address: give one such as https://ntfy.sh/TOPIC, or json+https://HOST/PATH for a webhook that takes JSON.',
  )
}
