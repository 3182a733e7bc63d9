// The start-up dialogs of Claude Code, by name: an agent that shows one cannot report its status. Pure;
// claude/dialogs.ts has the words by which lab recognises them on a screen.

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

/** A start-up dialog; its name is also the `waitingFor` of a waiting instance. */
export type StartDialog = (typeof startDialogs)[number]

/** Whether a name is that of a start-up dialog. */
export function isStartDialog(name: string | null): name is StartDialog {
  return startDialogs.some((known) => known === name)
}
