// The dialogs that Claude Code opens in a session, in its words. Pure.
import { basename } from 'node:path'
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

/** Asks for permission before a shell command that changes files. */
export function bashDialog(command: string, description: string, cwd: string): Dialog {
  return dialog(
    {
      waitingFor: 'permission prompt',
      options: [
        'Yes',
        `Yes, and always allow access to ${cwd} from this project`,
        'Yes, and switch to auto mode · auto mode handles these prompts for you',
        'No',
      ],
      numbered: true,
      deaf: true,
    },
    {
      rule: '─',
      head: [
        { text: ' Bash command', sgr: `1;${accent}` },
        ' Tip: auto mode handles these prompts for you — choose "switch to auto mode" below',
        '',
        { text: ` ${description}`, sgr: dim },
        '╌',
        ` ${command}`,
        '╌',
        ' Do you want to proceed?',
      ],
      foot: ['', { text: ' Esc to cancel · Tab to amend', sgr: dim }],
      indent: ' ',
    },
  )
}

/** Asks for permission before an edit; `before` is null for a new file. */
export function fileDialog(file: string, before: string | null, after: string): Dialog {
  const name = basename(file)
  return dialog(
    {
      waitingFor: 'permission prompt',
      options: [
        'Yes',
        'Yes, and switch to accept edits (auto-approve file edits and common file commands) for this session (shift+tab)',
        'No',
      ],
      numbered: true,
      deaf: true,
    },
    {
      rule: '─',
      head: [
        { text: before === null ? ' Create file' : ' Edit file', sgr: `1;${accent}` },
        ` ${name}`,
        '╌',
        ...(before === null ? [] : [{ text: ` 1 -${before}`, sgr: '31' }]),
        { text: ` 1 +${after}`, sgr: '32' },
        '╌',
        before === null ? ` Do you want to create ${name}?` : ` Do you want to make this edit to ${name}?`,
      ],
      foot: ['', { text: ' Esc to cancel · Tab to amend', sgr: dim }],
      indent: ' ',
    },
  ) // prettier-ignore
}

export const colours = ['Red', 'Blue'] as const

/** The question of the tool AskUserQuestion. */
export function questionDialog(): Dialog {
  return dialog(
    {
      waitingFor: 'input needed',
      options: [...colours, 'Type something.', 'Chat about this'],
      numbered: true,
    },
    {
      rule: '─',
      head: [{ text: ' ☐ Colour1 ', sgr: '7' }, '', 'Which colour 1?', ''],
      foot: ['', { text: 'Enter to select · ↑/↓ to navigate · Esc to cancel', sgr: dim }],
      indent: '',
    },
  )
}
