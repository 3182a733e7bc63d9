// Draws the prompt and the lines around it. Pure.
import type { Line } from './screen.ts'

export interface PromptState {
  readonly draft: string
  readonly queued: readonly string[]
  readonly busy: { readonly verb: string; readonly seconds: number } | null
  /** The part of the answer that has arrived. */
  readonly partial: string | null
  /** The pause before a retry; it replaces the spinner. */
  readonly retry: string | null
  readonly shells: number
  readonly permissions: 'manual' | 'auto' | 'plan'
  readonly name: string | null
  readonly linked: boolean
  readonly hint: string | null
  readonly loggedIn: boolean
  /** Whether Left opens the list of background sessions. */
  readonly hasAgentView: boolean
}

const grey = '38;5;244'
const dim = '38;5;246'
// Claude Code shows 3 lines as they are, and 30 as a placeholder; nobody measured the number between.
const pasteLinesMax = 8
const pasteCharsMax = 800

/** Draws the running answer, the queue, the prompt box and its footer. */
export function drawPrompt(state: PromptState, columns: number): readonly Line[] {
  const { busy, name } = state
  const box = name === null ? '─'.repeat(columns) : `${'─'.repeat(Math.max(0, columns - name.length - 3))} ${name} ─` // prettier-ignore
  const corner = state.loggedIn ? '◐ medium · /effort' : 'Not logged in · run /login'
  return [
    ...(state.partial === null ? [] : ['', `● ${state.partial}`]),
    ...(busy
      ? ['', { text: state.retry ?? `✽ ${busy.verb}… (${busy.seconds}s · ↓ 2 tokens)`, sgr: '38;5;174' }]
      : []),
    ...state.queued.flatMap((text): Line[] => ['', `❯ ${text}`, '  ⎿  Queued · ctrl+x ctrl+s to send now']),
    '',
    { text: corner.padStart(columns - 2), sgr: dim },
    { text: box, sgr: grey },
    ...drawDraft(state),
    { text: '─'.repeat(columns), sgr: grey },
    { text: footer(state), sgr: state.permissions === 'auto' ? '38;5;220' : dim },
  ] // prettier-ignore
}

function drawDraft({ draft, queued }: PromptState): Line[] {
  const cursor = '\x1b[7m \x1b[27m'
  // The suggestion is dim, and a draft is not.
  if (draft === '' && queued.length > 0)
    return ['❯\u00a0\x1b[7mP\x1b[0;2mress up to edit queued messages\x1b[0m']
  const lines = draft.split('\n')
  return lines.map(
    (line, i) => `${i === 0 ? '❯\u00a0' : '  '}${line}${i === lines.length - 1 ? cursor : ''}`,
  )
}

/** Whether Claude Code shows a paste as a placeholder. */
export function isLongPaste(text: string): boolean {
  return text.length > pasteCharsMax || text.split('\n').length > pasteLinesMax
}

/** The placeholder of a long paste. */
export function pastePlaceholder(text: string, number: number): string {
  return `[Pasted text #${number} +${text.split('\n').length - 1} lines]`
}

const modes = {
  manual: '⏸ manual mode on',
  auto: '⏵⏵ auto mode on (shift+tab to cycle)',
  plan: '⏸ plan mode on (shift+tab to cycle)',
} as const

function footer(state: PromptState): string {
  const { permissions, busy, shells, hint, draft, linked, hasAgentView } = state
  if (hint !== null) return `  ${hint}`
  const parts: string[] = [modes[permissions]]
  if (shells > 0) parts.push(`${shells} shell${shells > 1 ? 's' : ''}`, '↓ to manage')
  else if (busy) parts.push('esc to interrupt')
  else if (draft === '' && permissions !== 'auto') parts.push('? for shortcuts')
  else if (draft === '' && hasAgentView) parts.push('← for agents')
  if (linked) parts.push('/rc active')
  return `  ${parts.join(' · ')}`
}

/** Draws the list of background sessions, after the session has moved there. */
export function drawParked(name: string | null, columns: number): readonly Line[] {
  const line = { text: '─'.repeat(columns), sgr: grey }
  return [
    '  Your session moved to the background · enter opens it · esc returns to it',
    '',
    '  Needs input',
    `❯ ✻ ${name ?? 'Claude Code'}`,
    line,
    '❯\u00a0describe a task for a new session',
    line,
  ]
}

/** The lines at the top of a new conversation. */
export function greeting(version: string, plan: string, cwd: string): readonly Line[] {
  return [
    ` ▐▛███▛█   Claude Code v${version}`,
    `▝▜██████▀  Sonnet 5.5 · ${plan}`,
    ` ▝▝   ▝▝   ${cwd}`,
    '',
  ]
}

/** The line of a submitted prompt. */
export function submitted(text: string): string {
  return `❯ ${text.replaceAll('\n', '\n  ')}`
}
