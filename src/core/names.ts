// Session names: (project key, slot, slug) ⇄ `key`, `key~N`, `key~N~slug`. Pure.
//
// `~` joins the parts because no key, slot or slug contains it and tmux's target parser ignores it (it
// gives a meaning to `@ % $ : . =`).
import { defaultAccount } from './instance.ts'
import { hasHidden } from './text.ts'

declare const brand: unique symbol
/** A name that tmux does not rewrite: `[A-Za-z0-9_~-]`, no leading dash, at most 100 characters. */
export type SessionName = string & { readonly [brand]: 'SessionName' }
/** A project's name-safe key: `[A-Za-z0-9_-]`, no leading dash, 1 to 60 characters. */
export type ProjectKey = string & { readonly [brand]: 'ProjectKey' }
/** The operator's text as typed: trimmed, 1 to 60 characters, without hidden characters. */
export type Label = string & { readonly [brand]: 'Label' }

export interface NameParts {
  readonly key: ProjectKey
  readonly slot: number
  /** The label's name-safe form; null without a label, or when no character of it fits in a name. */
  readonly slug: string | null
}

export const labelCharsMax = 60
export const slugCharsMax = 32
// 100 (name) − 32 (slug) − two `~` − six digits of slot.
export const keyCharsMax = 60
/** The names of lab's own session and of the session that logs in. No project gets them as its key. */
export const reservedNames: readonly string[] = ['_lab', '_lab-login', 'lab-login']

/** The session in which an account logs in. */
export function loginSessionName(account: string): string {
  return account === defaultAccount ? '_lab-login' : `_lab-login-${account}`
}

/** Whether lab keeps a name for itself. */
function isReserved(name: string): boolean {
  return reservedNames.includes(name) || name.startsWith('_lab-login-')
}

const namePattern =
  /^([A-Za-z0-9_][A-Za-z0-9_-]{0,59})(?:~([1-9]\d{0,5})(?:~([A-Za-z0-9_-]{1,32}))?)?$/

/** Composes the session name of an instance; slot 1 without a slug is the bare key. */
export function composeName({ key, slot, slug }: NameParts): SessionName {
  const name = slot === 1 ? key : slug ? `${key}~${slot}~${slug}` : `${key}~${slot}`
  return name as SessionName
}

/** Reads a session name back into its parts; null for a name that `composeName` cannot have made. */
export function parseName(name: string): NameParts | null {
  const match = namePattern.exec(name)
  if (!match) return null
  const slot = match[2] === undefined ? 1 : Number(match[2])
  if (match[2] !== undefined && slot < 2) return null
  return { key: match[1] as ProjectKey, slot, slug: match[3] ?? null }
}

/** The project's key in a session name, for an instance of an older lab that did not store the key. */
export function keyInName(name: string): ProjectKey {
  return parseName(name)?.key ?? (plainKey(name).slice(0, keyCharsMax) as ProjectKey)
}

/** Whether a session name is one of the project's: equal to its key, or its key followed by `~`. */
export function belongsTo(name: string, key: string): boolean {
  return name === key || name.startsWith(`${key}~`)
}

/** The lowest slot that is not taken: from 1 without a label, from 2 with one. */
export function lowestFreeSlot(taken: ReadonlySet<number>, labelled: boolean): number {
  let slot = labelled ? 2 : 1
  while (taken.has(slot)) slot++
  return slot
}

export type LabelResult =
  | { readonly ok: true; readonly label: Label | null }
  | { readonly ok: false; readonly reason: string }

// A label of only these characters would look empty.
const invisible = /^[\p{Z}\p{Cf}]*$/u

/** Parses the operator's text into a label, null for an empty text, or the reason of a refusal. */
export function parseLabel(typed: string): LabelResult {
  const text = typed.trim()
  if (text === '') return { ok: true, label: null }
  if (Array.from(text).length > labelCharsMax)
    return { ok: false, reason: `A label has at most ${labelCharsMax} characters.` }
  if (hasHidden(text))
    return { ok: false, reason: 'A label holds no control characters or line breaks.' }
  if (invisible.test(text)) return { ok: true, label: null }
  return { ok: true, label: text as Label }
}

/** The name-safe form of a label, at most 32 characters; null when no character of it fits in a name. */
export function slugOf(label: Label | null): string | null {
  if (label === null) return null
  const slug = label
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, slugCharsMax)
    .replace(/-+$/, '')
  return slug === '' ? null : slug
}

/** The name-safe form of a path relative to the projects root, not yet made unique. */
function plainKey(path: string): string {
  return (
    path
      .replace(/[^A-Za-z0-9_/-]/gu, '_')
      .replaceAll('/', '-')
      .replace(/^-/, '_') || '_'
  )
}

/** FNV-1a over UTF-16 units, which distinguishes the few paths that share a key. */
function hashHex(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/**
 * Gives every path (relative to the projects root) a unique key, the same for the same set of paths. A
 * path that is its own key keeps it; other paths with that key get `-` and four hex digits of a hash of
 * the path (eight if those are taken, too).
 */
export function assignKeys(paths: readonly string[]): Map<string, ProjectKey> {
  const unique = [...new Set(paths)].sort()
  const keys = new Map<string, ProjectKey>()
  const taken = new Set<string>()
  const isTaken = (key: string): boolean => taken.has(key) || isReserved(key)
  const wanted = new Map<string, number>()
  for (const path of unique) {
    const key = plainKey(path)
    wanted.set(key, (wanted.get(key) ?? 0) + 1)
    if (key !== path || isTaken(key) || key.length > keyCharsMax) continue
    keys.set(path, key as ProjectKey)
    taken.add(key)
  }
  for (const path of unique) {
    if (keys.has(path)) continue
    const plain = plainKey(path)
    const key =
      wanted.get(plain) === 1 && !isTaken(plain) && plain.length <= keyCharsMax
        ? plain
        : hashedKey(plain, path, taken)
    keys.set(path, key as ProjectKey)
    taken.add(key)
  }
  return keys
}

/** A key for a path whose plain key another path has. */
export function uniqueKey(key: ProjectKey, path: string): ProjectKey {
  return hashedKey(key, path, new Set()) as ProjectKey
}

function hashedKey(plain: string, path: string, taken: ReadonlySet<string>): string {
  for (let round = 0; ; round++) {
    const hash = hashHex(round === 0 ? path : `${path}\0${round}`).slice(0, round === 0 ? 4 : 8)
    const key = `${plain.slice(0, keyCharsMax - hash.length - 1)}-${hash}`
    if (!taken.has(key)) return key
  }
}

// Of the 256 colours, those on which white text is easy to read and that differ at a glance.
const colours = [24, 29, 54, 58, 61, 88, 94, 97, 125, 130, 23, 240] as const

/** The number of a project's colour among a terminal's 256; the same for the same key. */
export function colourOf(key: string): number {
  return colours[parseInt(hashHex(key), 16) % colours.length] ?? colours[0]
}
