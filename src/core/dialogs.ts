// The dialogs of Claude Code that hold an agent up before it can report itself, by name. Pure; the words
// by which lab recognises them on a screen are in claude/dialogs.ts.

export const startDialogs = [
  'trust',
  'MCP approval',
  'CLAUDE.md imports',
  'API key',
  'login',
  'onboarding',
  'resume picker',
  'bypass permissions',
  'managed settings',
] as const

/** A start-up dialog; what a `waiting` instance waits for is called so. */
export type StartDialog = (typeof startDialogs)[number]

/** Whether a name is that of a start-up dialog. */
export function isStartDialog(name: string | null): name is StartDialog {
  return startDialogs.some((known) => known === name)
}
