// Start-up dialogs that hold an agent up before it can report itself, told by their exact words. Pure.

interface Dialog {
  /** What the operator is told that it waits for. */
  readonly name: string
  /** Every one of these stands somewhere on the screen. */
  readonly says: readonly RegExp[]
}

const dialogs: readonly Dialog[] = [
  {
    name: 'trust',
    says: [
      /Do you trust the files in this folder\?|Is this a project you created or one you trust\?/,
    ],
  },
]

/** The dialog on a screen, by name; null for none that is known. */
export function recogniseDialog(lines: readonly string[]): string | null {
  const screen = lines.join('\n')
  return dialogs.find(({ says }) => says.every((words) => words.test(screen)))?.name ?? null
}
