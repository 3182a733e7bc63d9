// The open dialog: which option is selected, and the effect of each key.
import type { Dialog } from './dialogs.ts'
import type { Key } from './keys.ts'
import type { Line } from './screen.ts'

export interface OpenDialog {
  readonly dialog: Dialog
  /** Whether the prompt covers the dialog, because the user types. */
  readonly isHidden: boolean
  /** Shows the dialog, or hides it until the user has stopped typing. */
  place(): void
  draw(columns: number): readonly Line[]
  onKey(key: Key): void
  /** Closes it. Later calls do nothing. */
  close(choice: number | null): void
}

export interface OpenDialogDeps {
  /** A deaf dialog ignores Enter and digits for so long. */
  readonly deafMs: number
  /** For how long the user still counts as typing; at most 0 when they do not. */
  typingMs(): number
  placed(): void
  closed(choice: number | null): void
}

/** Calls `closed` once, with the choice or with null at Escape. `place` shows it first. */
export function openDialog(dialog: Dialog, deps: OpenDialogDeps): OpenDialog {
  let { selected } = dialog
  let shownAt = 0
  let isOpen = true
  let reveal: NodeJS.Timeout | undefined

  function place(): void {
    clearTimeout(reveal)
    const restMs = dialog.deaf ? deps.typingMs() : 0
    reveal = restMs > 0 ? setTimeout(place, restMs) : undefined
    // The time in which a deaf dialog ignores keys begins when the user can see the dialog.
    shownAt = Date.now()
    deps.placed()
  }

  function close(choice: number | null): void {
    if (!isOpen) return
    isOpen = false
    clearTimeout(reveal)
    deps.closed(choice)
  }

  function choose(choice: number): void {
    const next = dialog.choose ? dialog.choose(choice) : null
    if (next === null) close(choice)
    else selected = next
  }

  function optionOf(digit: number): number {
    return dialog.digits ? (dialog.digits[digit - 1] ?? -1) : digit - 1
  }

  return {
    dialog,
    get isHidden() {
      return reveal !== undefined
    },
    place,
    draw: (columns) => dialog.draw(selected, columns),
    close,
    onKey(key) {
      const isDeaf = dialog.deaf && Date.now() - shownAt < deps.deafMs
      const count = dialog.options.length
      if (key.type === 'escape' || key.type === 'interrupt') close(null)
      else if (key.type === 'up' && count > 0) selected = (selected + count - 1) % count
      else if (key.type === 'down' && count > 0) selected = (selected + 1) % count
      else if (key.type === 'left' || key.type === 'right' || key.type === 'tab') {
        if (!dialog.turn) return
        dialog.turn(key.type === 'left' ? -1 : 1)
        selected = 0
      } else if (isDeaf) return
      else if (key.type === 'enter' && count > 0) choose(selected)
      else if (key.type === 'text' && dialog.numbered && /^\d$/.test(key.text)) {
        const choice = optionOf(Number(key.text))
        if (choice >= 0 && choice < count) choose(choice)
      }
    },
  }
}
