// Gives each key to the open dialog, or else to the prompt, and draws the live part of the screen.
import type { ReadStream } from 'node:tty'
import { createQueue } from '../../queue.ts'
import type { Dialog } from './dialogs.ts'
import { readKeys, type Key } from './keys.ts'
import { openDialog, type OpenDialog } from './open-dialog.ts'
import type { Line, Screen } from './screen.ts'

export interface Focus {
  /** Adds lines that stay above the prompt or the dialog. */
  print(...lines: Line[]): void
  /**
   * Opens a dialog once the earlier ones have closed. Resolves to the chosen option, or to null at Escape
   * and when `signal` aborts. A dialog stays hidden while the user types a prompt.
   */
  ask(dialog: Dialog, signal?: AbortSignal): Promise<number | null>
  /** The open dialog, also while it is hidden. */
  readonly open: Dialog | null
  /** Draws the live part again. */
  refresh(): void
  /** Sets the prompt, which is drawn and gets the keys while no dialog is open. */
  attach(prompt: Prompt): void
  /** Calls the listener when a dialog opens or closes. */
  onDialog(listener: () => void): void
  clear(): void
}

export interface Prompt {
  view(columns: number): readonly Line[]
  onKey(key: Key): void
  /** Whether the prompt holds text that is not submitted. */
  hasDraft(): boolean
}

// An ESC byte is the Escape key when no other byte follows within this time.
const escapeMs = 25

export interface FocusDelays {
  /** A new dialog that is `deaf` ignores Enter and digits for so long. */
  readonly deafMs: number
  /** A dialog stays hidden for so long after the last key of a draft. */
  readonly typingMs: number
}

/** Puts the terminal into raw mode. */
export function createFocus(input: ReadStream, screen: Screen, delays: FocusDelays): Focus {
  const { deafMs } = delays
  let open: OpenDialog | null = null
  let typedAt = 0
  const dialogs = createQueue()
  let prompt: Prompt = { view: () => [], onKey: () => {}, hasDraft: () => false }
  let dialogListener: (() => void) | null = null

  function refresh(): void {
    const columns = screen.columns()
    if (open && !open.isHidden) screen.live(open.draw(columns))
    else screen.live([...(open ? ['', 'Waiting for permission…'] : []), ...prompt.view(columns)])
  }

  function show(dialog: Dialog, signal: AbortSignal | undefined): Promise<number | null> {
    if (signal?.aborted) return Promise.resolve(null)
    return new Promise((resolve) => {
      const opened = openDialog(dialog, {
        deafMs,
        typingMs: () => (prompt.hasDraft() ? typedAt + delays.typingMs - Date.now() : 0),
        placed: refresh,
        closed(choice) {
          signal?.removeEventListener('abort', onAbort)
          open = null
          dialogListener?.()
          refresh()
          resolve(choice)
        },
      })
      const onAbort = () => opened.close(null)
      signal?.addEventListener('abort', onAbort)
      open = opened
      opened.place()
      dialogListener?.()
    })
  }

  function onKey(key: Key): void {
    if (open && !open.isHidden) {
      open.onKey(key)
      return refresh()
    }
    // Claude Code swallows Enter while it hides a dialog.
    if (open && key.type === 'enter') return
    typedAt = Date.now()
    prompt.onKey(key)
    open?.place()
  }

  listen(input, onKey)
  return {
    print: (...lines) => screen.print(lines),
    ask: (dialog, signal) => dialogs.run(() => show(dialog, signal)),
    get open() {
      return open?.dialog ?? null
    },
    refresh,
    attach(next) {
      prompt = next
      refresh()
    },
    onDialog(listener) {
      dialogListener = listener
    },
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
