// The dialogs that Claude Code opens in a session, in its words. Pure.
import type { Line } from './screen.ts'

export interface Dialog {
  /** The registry's `waitingFor` while the dialog is open; null for a dialog of the startup. */
  readonly waitingFor: string | null
  readonly options: readonly string[]
  /** The preselected option, counted from 0. */
  readonly selected: number
  /** Whether a digit chooses an option. */
  readonly numbered: boolean
  /** Whether the dialog ignores Enter and digits right after it opens. */
  readonly deaf: boolean
  draw(selected: number, columns: number): readonly Line[]
  /** Takes a choice and returns the option to select next; null closes the dialog. Missing: every choice closes it. */
  choose?(choice: number): number | null
  /** Moves to the next or the previous part of a dialog with several. */
  turn?(step: 1 | -1): void
  /** The option of each digit from 1 on; missing: the options in their order. */
  readonly digits?: readonly number[]
}

/** The colour of the selected option. */
export const accent = '38;5;153'
/** The colour of hints. */
export const dim = '38;5;246'

/** The lines around the options. */
export interface Shape {
  readonly rule: string
  readonly head: readonly Line[]
  readonly foot: readonly Line[]
  readonly indent: string
}

/** Puts a dialog together from its parts. */
export function dialog(
  base: Omit<Dialog, 'draw' | 'selected' | 'deaf'> & { selected?: number; deaf?: boolean },
  { rule, head, foot, indent }: Shape,
): Dialog {
  return {
    selected: 0,
    deaf: false,
    ...base,
    draw: (selected, columns) => [
      rule.repeat(columns),
      ...head.map((line) => (line === '╌' ? '╌'.repeat(columns) : line)),
      ...base.options.map((option, index): Line => {
        const text = base.numbered ? `${index + 1}. ${option}` : option
        return index === selected
          ? { text: `${indent}❯ ${text}`, sgr: accent }
          : `${indent}  ${text}`
      }),
      ...foot,
    ],
  }
}

/** The login picker: `/login` opens it, and so does a new home without a login. */
export function loginDialog(waitingFor: string | null): Dialog {
  return dialog(
    {
      waitingFor,
      options: [
        'Claude account with subscription · Individual, Team, or Enterprise',
        'Anthropic Console account · API usage billing',
        '3rd-party platform · Bedrock, Microsoft Foundry, Google Vertex AI',
      ],
      numbered: true,
    },
    {
      rule: '▔',
      head: [
        '  Login',
        '',
        '  Claude Code can be used with your Claude subscription or billed based on API usage through your Console account.',
        '',
        '  Select login method:',
        '',
      ],
      foot: ['', { text: '  Esc to cancel', sgr: dim }],
      indent: '  ',
    },
  )
}

/** The dialog at a weekly limit, or at the limit of one model. */
export function limitDialog(): Dialog {
  return dialog(
    {
      waitingFor: 'dialog open',
      options: ['Stop and wait', 'Wait here, then continue automatically', 'Upgrade your plan'],
      numbered: true,
    },
    {
      rule: '─',
      head: [' What do you want to do?', ''],
      foot: ['', { text: ' Enter to confirm · Esc to cancel', sgr: dim }],
      indent: ' ',
    },
  )
}

/** The dialog of `/model`. */
export function modelDialog(): Dialog {
  return dialog(
    {
      waitingFor: 'dialog open',
      options: [
        'Default (recommended) ✔  Sonnet 5.5 · Efficient for routine tasks',
        'Sonnet                   Sonnet 5.5 · Efficient for routine tasks',
        'Opus                     Opus 5.5 · Best for everyday, complex tasks',
        'Haiku                    Haiku 5.5 · Fastest for quick answers',
      ],
      numbered: true,
    },
    {
      rule: '▔',
      head: [
        '  Select model',
        '  Your pick is the default for new sessions. For other models, use --model.',
        '',
      ],
      foot: [
        '',
        { text: '  s to use this session only · Enter to save · Esc to cancel', sgr: dim },
      ],
      indent: '  ',
    },
  )
}
