// Start-up dialogs that hold an agent up before it can report itself, told by their exact words (Claude
// Code 2.1.197 and 2.1.329 say the same). Pure. lab names them and presses nothing.

interface Dialog {
  /** What the operator is told that it waits for. */
  readonly name: string
  /** Each of these stands on the screen. */
  readonly says: readonly RegExp[]
}

const dialogs: readonly Dialog[] = [
  {
    name: 'trust',
    says: [/Is this a project you created or one you trust\?/, /Yes, I trust this folder/],
  },
  {
    name: 'MCP approval',
    says: [/New MCP server found in this project:|\d+ new MCP servers found in this project/],
  },
  { name: 'CLAUDE.md imports', says: [/Allow external CLAUDE\.md file imports\?/] },
  { name: 'API key', says: [/Detected a custom API key in your environment/] },
  { name: 'login', says: [/Select login method:|Paste code here if prompted/] },
  {
    name: 'onboarding',
    says: [/Choose the text style that looks best with your terminal|Security notes:.*Press Enter/],
  },
  { name: 'resume picker', says: [/Resume session .*⌕|Resume from summary/] },
  { name: 'bypass permissions', says: [/Bypass Permissions mode/, /Yes, I accept/] },
  { name: 'managed settings', says: [/Managed settings require approval/] },
]

/** The dialog on a screen, by name; null for none that is known. */
export function recogniseDialog(lines: readonly string[]): string | null {
  // A narrow pane breaks sentences anywhere, and the dialog's frame stands between the parts.
  const screen = lines.join(' ').replace(/[\s│╭╮╰╯─]+/g, ' ')
  return dialogs.find(({ says }) => says.every((words) => words.test(screen)))?.name ?? null
}
