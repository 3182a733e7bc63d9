// The stand-in's screen: printed lines, and below them a live part, which each change redraws. Like
// Claude Code it fills the pane from the bottom. It uses the alternate screen unless the environment
// shows tmux or disables that screen.
import type { WriteStream } from 'node:tty'

/** A line of text, plain or in one style (SGR parameters). The screen wraps a long line. */
export type Line = string | { readonly text: string; readonly sgr: string }

export interface Screen {
  /** Adds lines above the live part. */
  print(lines: readonly Line[]): void
  /** Replaces the live part. */
  live(lines: readonly Line[]): void
  /** Sets the terminal's title, once per change. */
  title(text: string): void
  /** Removes every printed line. */
  clear(): void
  columns(): number
  /** Restores the terminal and prints `lines` on it. */
  leave(lines: readonly Line[]): void
}

// Enough for a redraw after a resize.
const keptLines = 200

/** Sets up the terminal for drawing. Only this screen may write to `out`; raw mode is the caller's. */
export function createScreen(out: WriteStream, { alternate }: { alternate: boolean }): Screen {
  let kept: Line[] = []
  let bottom: readonly Line[] = []
  let used = 0
  let liveHeight = 0
  let shownTitle = ''
  const columns = () => out.columns || 80
  const rows = () => out.rows || 24

  // Writing to the terminal of a killed pane fails. The hangup signal ends this program.
  out.on('error', () => {})
  out.write(`${alternate ? '\x1b[?1049h\x1b[H' : ''}\x1b[?2004h\x1b[?25l`)

  const wrapAll = (lines: readonly Line[]) => lines.flatMap((line) => wrapLine(line, columns()))

  function erase(): string {
    if (liveHeight === 0) return ''
    return `\r${liveHeight > 1 ? `\x1b[${liveHeight - 1}A` : ''}\x1b[J`
  }

  function draw(added: readonly Line[], before = erase()): void {
    const printed = wrapAll(added)
    const live = wrapAll(bottom.length > 0 ? bottom : ['']).slice(-(rows() - 1))
    used = Math.min(rows(), used + printed.length)
    const blank = Math.max(0, rows() - used - live.length)
    liveHeight = blank + live.length
    out.write(
      before +
        printed.map((line) => `${line}\r\n`).join('') +
        '\r\n'.repeat(blank) +
        live.join('\r\n'),
    )
  }

  function redraw(): void {
    used = 0
    liveHeight = 0
    draw(kept.slice(-rows()), '\x1b[2J\x1b[H')
  }
  out.on('resize', redraw)

  return {
    columns,
    print(lines) {
      kept = [...kept, ...lines].slice(-keptLines)
      draw(lines)
    },
    live(lines) {
      bottom = lines
      draw([])
    },
    title(text) {
      if (text === shownTitle) return
      shownTitle = text
      out.write(`\x1b]0;${text}\x07`)
    },
    clear() {
      kept = []
      redraw()
    },
    leave(lines) {
      out.off('resize', redraw)
      const away = alternate ? '\x1b[?1049l' : erase()
      const last = wrapAll(lines).map((line) => `${line}\r\n`)
      out.write(`${away}\x1b[?2004l\x1b[?25h\x1b]0;\x07${last.join('')}`)
    },
  }
}

function wrapLine(line: Line, columns: number): string[] {
  const { text, sgr } = typeof line === 'string' ? { text: line, sgr: '' } : line
  const parts = wrap(text, columns)
  return sgr === '' ? parts : parts.map((part) => `\x1b[${sgr}m${part}\x1b[m`)
}

/** Cuts text into rows of at most `columns` cells, between words if possible, and keeps the indent. */
export function wrap(text: string, columns: number): string[] {
  const rows: string[] = []
  for (const line of text.split('\n')) {
    const indent = /^ {0,8}/.exec(line)?.[0] ?? ''
    let row = ''
    let width = 0
    for (const char of line) {
      const cells = cellsOf(char)
      if (width + cells > columns) {
        const space = row.lastIndexOf(' ')
        const cut = space > columns / 2 ? space + 1 : row.length
        rows.push(row.slice(0, cut))
        row = indent + row.slice(cut)
        width = widthOf(row)
      }
      row += char
      width += cells
    }
    rows.push(row)
  }
  return rows
}

function widthOf(text: string): number {
  let width = 0
  for (const char of text) width += cellsOf(char)
  return width
}

function cellsOf(char: string): number {
  const code = char.codePointAt(0) ?? 0
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  return isWide ? 2 : 1
}
