// Reads the screen of `claude auth login`. Pure.
import { printable } from '../../core/text.ts'

export interface LoginScreen {
  /** The link to open, of claude.ai or claude.com alone; null when the screen shows none. */
  readonly url: string | null
  /** What a person has typed behind the prompt for the code; null while no prompt waits at the end. */
  readonly draft: string | null
  /** How often Claude has asked for a code. */
  readonly asked: number
  /** The last sentence that Claude printed below the link; null without one. It does not have the code. */
  readonly said: string | null
  /** Whether Claude printed that the login succeeded. */
  readonly hasSucceeded: boolean
}

const prompt = /^\s*Paste code here(?: if prompted)? > ?(.*)$/
// A slash must end the host: `https://claude.ai.example` and `https://claude.ai@example` are other hosts.
const link = /https:\/\/claude\.(?:ai|com)\/[\w.~:/?#[\]@!$&'()*+,;=%-]+/g
const saidMax = 300

/** Reads the lines of a screen, wrapped lines joined and trailing blanks removed. */
export function readLoginScreen(lines: readonly string[]): LoginScreen {
  const last = lines.findLast((line) => line.trim() !== '') ?? ''
  const firstPrompt = lines.findIndex((line) => prompt.test(line))
  return {
    url: linkIn(lines),
    draft: prompt.exec(last)?.[1] ?? null,
    asked: lines.filter((line) => prompt.test(line)).length,
    said: firstPrompt < 0 ? saidIn(lines) : saidIn(lines.slice(firstPrompt)),
    hasSucceeded: lines.some((line) => line.startsWith('Login successful')),
  }
}

/** The last link of a login. Earlier ones belong to an earlier attempt. */
function linkIn(lines: readonly string[]): string | null {
  const links = lines.flatMap((line) => line.match(link) ?? [])
  return links.map((text) => text.replace(/[.,;:!?'")\]]+$/, '')).findLast(isLoginLink) ?? null
}

function isLoginLink(text: string): boolean {
  return URL.canParse(text) && /^\/(?:[\w-]+\/)*oauth\/[\w-]/.test(new URL(text).pathname)
}

function saidIn(lines: readonly string[]): string | null {
  const sentences = lines
    .map((line) => line.trim())
    // A code has no blanks, so a line with a piece of one is not a sentence.
    .filter((line) => /\s/.test(line) && !prompt.test(line) && !/https?:\/\//.test(line))
    .filter((line) => !/^(?:Opening browser|If the browser|Sign in at:|Signing in)/.test(line))
  const failure = sentences.findLast((line) => /^(?:Couldn't log in|Login failed)/.test(line))
  const said = failure ?? sentences.at(-1)
  return said === undefined ? null : printable(said).slice(0, saidMax)
}
