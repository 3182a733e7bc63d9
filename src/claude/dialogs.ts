// Recognises Claude Code's start-up dialogs by their exact words (the same in 2.1.197 and 2.1.329). Pure.
// lab names a dialog and presses no key.

import type { StartDialog } from '../core/dialogs.ts'

interface Dialog {
  readonly name: StartDialog
  /** Patterns that match in this order. None contains `.*`, which takes too long on a long screen. */
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
    says: [/Choose the text style that looks best with your terminal/],
  },
  { name: 'onboarding', says: [/Security notes:/, /Press Enter/] },
  { name: 'resume picker', says: [/Resume session /, /⌕/] },
  { name: 'resume picker', says: [/Resume from summary/] },
  { name: 'bypass permissions', says: [/Bypass Permissions mode/, /Yes, I accept/] },
  { name: 'managed settings', says: [/Managed settings require approval/] },
]

// A screen has 10,000 characters, twice that with a frame. Unbroken lines may have millions.
const charsMax = 100_000

/** The name of the dialog on a screen; null when the screen shows none that lab knows. */
export function recogniseDialog(lines: readonly string[]): StartDialog | null {
  // A narrow pane breaks sentences anywhere, and puts the dialog's frame between the parts.
  const screen = lines
    .join(' ')
    .slice(-charsMax)
    .replace(/[\s│╭╮╰╯─]+/g, ' ')
  return dialogs.find(({ says }) => isSaid(says, screen))?.name ?? null
}

/** Whether the patterns match one after the other, in one pass over the screen. */
function isSaid(says: readonly RegExp[], screen: string): boolean {
  let rest = screen
  return says.every((words) => {
    const found = words.exec(rest)
    if (found) rest = rest.slice(found.index + found[0].length)
    return found !== null
  })
}
