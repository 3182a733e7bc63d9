// The dialogs that Claude Code opens before a tool runs, in its words. Pure.
import { basename } from 'node:path'
import { accent, dialog, dim, type Dialog } from './dialogs.ts'

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

/** Asks for permission before a tool of an MCP server; the tool's name is `mcp__SERVER__TOOL`. */
export function mcpToolDialog(tool: string, input: object, cwd: string): Dialog {
  const [, server = '', name = ''] = tool.split('__')
  const title = `${server} — ${name.charAt(0).toUpperCase()}${name.slice(1)}`
  return dialog(
    {
      waitingFor: 'permission prompt',
      options: ['Yes', `Yes, and don't ask again for ${title} commands in ${cwd}`, 'No'],
      numbered: true,
      deaf: true,
    },
    {
      rule: '─',
      head: [
        { text: ' Tool use', sgr: `1;${accent}` },
        ` ${title} Tool: (MCP)`,
        '╌',
        ...Object.entries(input).map(([key, value]) => ` ${key}: ${JSON.stringify(value)}`),
        '╌',
        ' Do you want to proceed?',
      ],
      foot: ['', { text: ' Esc to cancel · Tab to amend', sgr: dim }],
      indent: ' ',
    },
  )
}

/** Asks whether plan mode ends; `after` is the mode that follows. */
export function planDialog(after: 'manual' | 'auto'): Dialog {
  const yes =
    after === 'auto'
      ? 'Yes, and use auto mode'
      : 'Yes, and switch to default (ask each time) for this session'
  return dialog(
    { waitingFor: 'permission prompt', options: [yes, 'No'], numbered: true, deaf: true },
    {
      rule: '▔',
      head: ['   Exit plan mode?', '', '   Claude wants to exit plan mode', ''],
      foot: [],
      indent: '   ',
    },
  )
}

/** Says that auto mode's check does not answer. Enter stays in auto mode. */
export function autoCheckDialog(): Dialog {
  return {
    waitingFor: 'dialog open',
    options: ['stay'],
    selected: 0,
    numbered: false,
    deaf: true,
    draw: (_selected, columns) => [
      '─'.repeat(columns),
      "  Auto mode can't check actions in this session",
      '',
      "  Auto mode's safety check runs on the server, and the check isn't getting through.",
      '  You can stay in auto mode and approve each action that needs the check yourself.',
      '',
      { text: '  Enter to stay in auto mode · shift+Tab to leave for accept edits mode and stop · Esc to cancel', sgr: dim },
    ],
  } // prettier-ignore
}

/** Asks about one action that auto mode could not check. No digit chooses, and "No" is preselected. */
export function uncheckedDialog(command: string, description: string): Dialog {
  return dialog(
    { waitingFor: 'permission prompt', options: ['No', 'Yes'], numbered: false, deaf: true },
    {
      rule: '─',
      head: [
        { text: ' Bash command', sgr: `1;${accent}` },
        { text: ` ${description}`, sgr: dim },
        '╌',
        ` ${command}`,
        '╌',
        " Auto mode can't check actions in this session, so this one needs your approval",
        ' Do you want to proceed?',
      ],
      foot: ['', { text: ' Esc to cancel · Tab to amend', sgr: dim }],
      indent: ' ',
    },
  )
}
