// The dialogs that Claude Code opens in a new home or a new folder. Pure.
import { dialog, dim, type Dialog } from '../terminal/dialogs.ts'

/** Asks whether the user trusts the folder. "No, exit" is the first option and preselected. */
export function trustDialog(cwd: string): Dialog {
  return dialog(
    { waitingFor: null, options: ['No, exit', 'Yes, I trust this folder'], numbered: false },
    {
      rule: '─',
      head: [
        { text: ' Accessing workspace:', sgr: '1;38;5;220' },
        '',
        { text: ` ${cwd}`, sgr: '1' },
        '',
        ' Quick safety check: Is this a project you created or one you trust? (Like your own code, a well-known open source project, or work from your team). If not, take a moment to review what\'s in this folder first.',
        '',
        " Claude Code'll be able to read, edit, and execute files here.",
        '',
        { text: ' Security guide', sgr: dim },
        '',
      ],
      foot: ['', { text: ' Enter to confirm · Esc to cancel', sgr: dim }],
      indent: ' ',
    },
  ) // prettier-ignore
}

/** The lines that Claude Code prints after "No, exit". */
export const untrustedExitMessage: readonly string[] = [
  "Claude Code didn't start because this folder isn't trusted.",
  'Run claude again and choose Yes, or run it in another folder.',
]

/** Asks for the theme; the first dialog of a new home. */
export function themeDialog(version: string): Dialog {
  const options = ['Auto (match terminal)', 'Dark mode', 'Light mode']
  return dialog(
    { waitingFor: null, options, numbered: true, selected: 1 },
    {
      rule: '',
      head: [
        `Welcome to Claude Code v${version}`,
        '',
        { text: " Let's get started.", sgr: '1' },
        '',
        { text: ' Choose the text style that looks best with your terminal', sgr: '1' },
        { text: ' To change this later, run /theme', sgr: dim },
        '',
      ],
      foot: [],
      indent: ' ',
    },
  )
}

/** Asks about new MCP servers of the project's `.mcp.json`. One server and several get different options. */
export function mcpDialog(names: readonly string[]): Dialog {
  const many = names.length > 1
  const warning =
    '  MCP servers may execute code or access system resources. All tool calls require approval. Learn more in the MCP documentation.'
  const title = many
    ? `  ${names.length} new MCP servers found in this project`
    : `  New MCP server found in this project: ${names[0] ?? ''}`
  return dialog(
    {
      waitingFor: null,
      options: many
        ? [...names.map((name) => `[✔] ${name}`), '   Enable selected']
        : [
            'Use this MCP server',
            'Use this and all future MCP servers in this project',
            'Continue without using this MCP server',
          ],
      selected: many ? 0 : 2,
      numbered: false,
    },
    {
      rule: '─',
      head: [
        { text: title, sgr: '1' },
        ...(many ? ['  Select any you wish to enable.'] : []),
        '',
        warning,
        '',
      ],
      foot: [
        '',
        {
          text: many
            ? '  Space to select · Esc to reject all'
            : '  Enter to confirm · Esc to cancel',
          sgr: dim,
        },
      ],
      indent: '  ',
    },
  )
}

/** The list of conversations that `--resume` opens without a session id. */
export function resumePicker(search: string): Dialog {
  return dialog(
    { waitingFor: null, options: [], numbered: false },
    {
      rule: '─',
      head: ['  Resume session', `  ⌕ ${search}`, '', `  No sessions match "${search}".`],
      foot: ['', { text: '  Type to search · Esc to clear', sgr: dim }],
      indent: '  ',
    },
  )
}
