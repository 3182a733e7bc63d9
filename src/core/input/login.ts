// The login of Claude Code as clients see it, and the code that they hand over. Pure.
import { hasHidden } from '../text.ts'

export const loginStates = ['idle', 'starting', 'code', 'checking', 'done', 'failed'] as const
/**
 * `idle`: no login runs. `starting`: Claude shows no link yet. `code`: Claude shows a link and waits for the
 * code. `checking`: Claude checks the code. `done`, `failed`: how the latest login ended.
 */
export type LoginState = (typeof loginStates)[number]

export interface LoginFlow {
  readonly account: string
  readonly state: LoginState
  /** The link to open, always of claude.ai or claude.com; null unless the login waits for its code. */
  readonly url: string | null
  /** What Claude says about the code, or why the login failed, on one line; null when there is nothing to say. */
  readonly message: string | null
  /** When the login started or ended, in ISO 8601; null while idle. */
  readonly since: string | null
}

/** Whether a program runs that logs Claude in. */
export function isRunning({ state }: Pick<LoginFlow, 'state'>): boolean {
  return state === 'starting' || state === 'code' || state === 'checking'
}

export const codeCharsMax = 4096

/** Why lab types no such code, as a sentence; null when lab types it. Claude judges everything else. */
export function whyNoCode(code: string): string | null {
  if (code === '') return 'The code is empty. Paste the code that claude.ai shows.'
  if (code.length > codeCharsMax) return `A code has at most ${codeCharsMax} characters.`
  // A control character would press a key.
  if (hasHidden(code)) return 'The code has control characters or line breaks. Copy it again.'
  return null
}
