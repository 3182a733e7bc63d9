// Bearer tokens: one secret a line, compared without telling by time how near a guess was.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { SecretFile } from './secret-file.ts'

interface Token {
  readonly name: string | null
  readonly hash: Buffer
}

/** The content of a token file. */
export interface TokenList {
  readonly tokens: readonly Token[]
}

/** Reads lines `NAME: TOKEN` or `TOKEN`. @throws Error that names a line but never shows it */
export function parseTokens(text: string): TokenList {
  const tokens = text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return []
    const [, name, token] = /^(?:([^:\p{C}]{1,64}):\s+)?([!-~]*[!-9;-~])$/u.exec(line.trim()) ?? []
    if (token === undefined)
      throw new Error(`has no token in line ${index + 1}: write TOKEN or NAME: TOKEN`)
    return [{ name: name?.trim() ?? null, hash: hashOf(token) }]
  })
  if (tokens.length === 0)
    throw new Error('holds no token: write one a line, such as `openssl rand -hex 32` prints')
  return { tokens }
}

export interface Tokens {
  /** The token's name, null where it has none; null for an unknown token. */
  find(token: string): Pick<Token, 'name'> | null
}

/** Knows the tokens of the file, as it is now. */
export function createTokens(file: SecretFile<TokenList>): Tokens {
  return {
    find(token) {
      const hash = hashOf(token)
      let found: Token | null = null
      // All are looked at, whichever it is.
      for (const one of file.read()?.tokens ?? []) if (timingSafeEqual(one.hash, hash)) found = one
      return found
    },
  }
}

/** Whether two secrets are the same, in a time that tells nothing. */
export function isSameSecret(one: string, other: string): boolean {
  return timingSafeEqual(hashOf(one), hashOf(other))
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
