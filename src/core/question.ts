// What a waiting instance asks the operator, and the answers that it takes. Pure.

/** The kinds of questions. A `dialog` is one that only keys in the agent's terminal answer. */
export const questionKinds = ['permission', 'question', 'plan', 'dialog'] as const
export type QuestionKind = (typeof questionKinds)[number]

/** An answer that one tap gives. */
export interface Choice {
  /** Names the choice within its question, such as `allow`. */
  readonly id: string
  /** The words on the button: Claude's own, except for `allow` and `deny`. */
  readonly label: string
}

/** One of the questions that Claude's AskUserQuestion asks together. */
export interface Ask {
  /** The question's text, by which an answer names it. */
  readonly text: string
  /** Claude's short name of the question; empty where it gave none. */
  readonly header: string
  readonly options: readonly { readonly label: string; readonly description: string }[]
  /** Whether the question takes several options. */
  readonly isMultiple: boolean
}

/** The change that a tool would make to a file; `before` is null for a new file. */
export interface FileChange {
  readonly path: string
  readonly before: string | null
  readonly after: string
}

/** An open question of one instance. An answer names it by its id, and no other question gets that id. */
export interface Question {
  readonly id: string
  readonly kind: QuestionKind
  /** Claude's tool that needs a permission, such as `Bash`; null for a dialog. */
  readonly tool: string | null
  /** What the agent wants, such as "wants to run". */
  readonly title: string
  /** The command, the path, the question or the dialog's text; it may have several lines. */
  readonly detail: string
  readonly change: FileChange | null
  /** A permission always has `allow` and `deny`. */
  readonly choices: readonly Choice[]
  /** The questions of AskUserQuestion; empty for the other kinds. */
  readonly asks: readonly Ask[]
  /** Whether lab can give an answer. Where it cannot, the operator answers in the terminal. */
  readonly answerable: boolean
  /** ISO 8601. */
  readonly since: string
}

/** An answer of the operator to one question. */
export interface Answer {
  /** The question's id. */
  readonly question: string
  /** The id of a choice. */
  readonly choice?: string
  /** For AskUserQuestion: the labels of the chosen options, or a free text, by the question's text. */
  readonly answers?: Readonly<Record<string, string | readonly string[]>>
  /** The reason of a denial, which Claude reads, or a free text as the answer to a single question. */
  readonly text?: string
}

// A guess at a command's text: a person still reads the command. `rm` counts with any option that makes it
// recursive or silent; a push counts when it may overwrite what others pushed.
const destructive: readonly RegExp[] = [
  /\brm\s+(-\w+\s+)*(-\w*[rRf]|--(recursive|force)\b)/,
  /\bgit\b.*\bpush\b.*(\s-\w*f|--force|--mirror|--delete|\s\+\S|\s:\S)/,
  /\bgit\b.*\b(reset\s+--hard|clean\s+-\w*[fdx]|checkout\s+(--\s|\.)|branch\s+-D|stash\s+(drop|clear)|filter-branch)/,
  /\b(terraform|tofu)\b.*(\bdestroy\b|-auto-approve)/,
  /\b(mkfs|wipefs|shred|dd)\b|\bfind\b.*\s-delete\b/,
  /\b(drop\s+(table|database|schema)|truncate\s+table)\b/i,
  /\bkubectl\s+delete\b|\bdocker\b.*\b(prune|rm\s+-f)|\bkill(all)?\s+-9|\b(shutdown|reboot)\b/,
]

/** The words for "Really …?" where the question is about something destructive; null where it is not. */
export function destructiveText(
  { kind, tool, detail, change }: Question,
  folder: string,
): string | null {
  if (kind !== 'permission') return null
  if (tool === 'Bash') {
    const line = detail.split('\n').find((text) => destructive.some((one) => one.test(text)))
    return line === undefined ? null : `run ${line.trim()}`
  }
  const path = change?.path
  if (path === undefined || !path.startsWith('/')) return null
  const isInside = path.startsWith(`${folder}/`) && !path.split('/').includes('..')
  return isInside ? null : `write ${path}, outside of its folder`
}
