// Gives each key to the open dialog, or else to the prompt, and draws the live part of the screen.
import type { ReadStream } from 'node:tty'
import { createQueue } from '../../queue.ts'
import type { Dialog } from './dialogs.ts'
import { readKeys, type Key } from './keys.ts'
import type { Line, Screen } from './screen.ts'

export interface Focus {
  /** Adds lines that stay above the prompt or the dialog. */
  print(...lines: Line[]): void
  /** Opens a dialog once the earlier ones have closed. Resolves to the chosen option, or null at Escape. */
  ask(dialog: Dialog): Promise<number | null>
  /** The open dialog. */
  readonly open: Dialog | null
  /** Draws the live part again. */
  refresh(): void
  /** Sets the prompt, which is drawn and gets the keys while no dialog is open. */
  attach(prompt: { view(columns: number): readonly Line[]; onKey(key: Key): void }): void
  /** Calls the listener when a dialog opens or closes. */
  onDialog(listener: () => void): void
  /** Closes the open dialog as if by Escape. */
  dismiss(): void
  clear(): void
}

// An ESC byte is the Escape key when no other byte follows within this time.
const escapeMs = 25

/** Puts the terminal into raw mode. A `deaf` dialog ignores Enter and digits for `deafMs`. */
export function createFocus(input: ReadStream, screen: Screen, deafMs: number): Focus {
  let open: Dialog | null = null
  let selected = 0
  let openedAt = 0
  let answer: ((choice: number | null) => void) | null = null
  const dialogs = createQueue()
  let prompt: Parameters<Focus['attach']>[0] = { view: () => [], onKey: () => {} }
  let dialogListener: (() => void) | null = null

  function refresh(): void {
    const columns = screen.columns()
    screen.live(open ? open.draw(selected, columns) : prompt.view(columns))
  }

  function show(dialog: Dialog): Promise<number | null> {
    open = dialog
    selected = dialog.selected
    openedAt = Date.now()
    dialogListener?.()
    refresh()
    return new Promise((resolve) => {
      answer = (choice) => {
        open = null
        answer = null
        dialogListener?.()
        refresh()
        resolve(choice)
      }
    })
  }

  function keyToDialog(dialog: Dialog, key: Key): void {
    const isDeaf = dialog.deaf && Date.now() - openedAt < deafMs
    if (key.type === 'escape' || key.type === 'interrupt') answer?.(null)
    else if (key.type === 'up' || key.type === 'down') {
      const count = Math.max(1, dialog.options.length)
      selected = (selected + (key.type === 'down' ? 1 : count - 1)) % count
      refresh()
    } else if (key.type === 'enter') {
      if (!isDeaf && dialog.options.length > 0) answer?.(selected)
    } else if (key.type === 'text' && dialog.numbered && /^\d$/.test(key.text)) {
      const choice = Number(key.text) - 1
      if (!isDeaf && choice in dialog.options) answer?.(choice)
    }
  }

  listen(input, (key) => (open ? keyToDialog(open, key) : prompt.onKey(key)))
  return {
    print: (...lines) => screen.print(lines),
    ask: (dialog) => dialogs.run(() => show(dialog)),
    get open() {
      return open
    },
    refresh,
    attach(next) {
      prompt = next
      refresh()
    },
    onDialog(listener) {
      dialogListener = listener
    },
    dismiss: () => answer?.(null),
    clear: () => screen.clear(),
  }
}

/** Puts the terminal into raw mode and calls `onKey` for each key. */
function listen(input: ReadStream, onKey: (key: Key) => void): void {
  let rest = ''
  let escapeTimer: NodeJS.Timeout | undefined
  input.setEncoding('utf8')
  input.setRawMode(true)
  // Reading the terminal of a killed pane fails with EIO. The hangup signal ends this program.
  input.on('error', () => {})
  input.on('data', (chunk: Buffer | string) => {
    clearTimeout(escapeTimer)
    const read = readKeys(rest + chunk.toString())
    rest = read.rest
    read.keys.forEach(onKey)
    if (rest === '\x1b')
      escapeTimer = setTimeout(() => {
        rest = ''
        onKey({ type: 'escape' })
      }, escapeMs)
  })
}
