// The text of the prompt before Enter submits it. Long pastes appear as placeholders.
import type { Key } from '../terminal/keys.ts'
import { isLongPaste, pastePlaceholder } from '../terminal/prompt.ts'

export interface Draft {
  text(): string
  /** The text as the screen shows it. */
  display(): string
  edit(key: Key): void
  clear(): void
  /** Clears the draft at the second Escape within a second. */
  escape(): void
  /** Replaces a backslash at the end by a line break; returns whether there was one. */
  continueLine(): boolean
  /** Empties the draft and returns it: as the model gets it, as the screen shows it, and as it was typed. */
  take(): {
    readonly text: string
    readonly shown: string
    readonly typed: string
    readonly isPaste: boolean
  }
}

const escapeAgainMs = 1000

/** An empty draft. */
export function createDraft(): Draft {
  let text = ''
  let pastes: string[] = []
  let escapedAt = 0

  function replaced(by: (paste: string, number: number) => string): string {
    return pastes.reduce((draft, paste, i) => draft.replace(paste, () => by(paste, i + 1)), text)
  }

  function clear(): void {
    text = ''
    pastes = []
  }

  return {
    text: () => text,
    display: () => replaced(pastePlaceholder),
    clear,
    edit(key) {
      if (key.type === 'paste' && isLongPaste(key.text)) pastes.push(key.text)
      text = edited(text, key)
    },
    escape() {
      if (Date.now() - escapedAt < escapeAgainMs) clear()
      escapedAt = Date.now()
    },
    continueLine() {
      if (!text.endsWith('\\')) return false
      text = `${text.slice(0, -1)}\n`
      return true
    },
    take() {
      const isPaste = pastes.some((paste) => text.startsWith(paste))
      const taken = {
        text: replaced(pastedContent),
        shown: replaced(pastePlaceholder),
        typed: text,
        isPaste,
      }
      clear()
      return taken
    },
  }
}

function edited(text: string, key: Key): string {
  if (key.type === 'text' || key.type === 'paste') return text + key.text
  if (key.type === 'newline') return `${text}\n`
  if (key.type === 'backspace') return text.replace(/.$/su, '')
  // Claude Code removes one line, and then the line break before it.
  return key.type === 'erase' ? text.replace(/(?:\n|[^\n]+)$/, '') : text
}

/** A long paste as the model and the hooks get it. */
function pastedContent(paste: string): string {
  return `\n\n<pasted_content id="cb84">\n${paste}\n</pasted_content id="cb84">\n`
}
