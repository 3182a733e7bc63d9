// The screen of a pane: the commands that ask for it, and its lines. Pure.
import type { Screen } from '../core/input/message.ts'
import { TmuxFailed } from '../errors.ts'
import { withoutKeeperNoise, withoutTrailingBlanks } from './keeper.ts'
import type { Command } from './client/quote.ts'

/** Asks for a pane's screen and so many lines of its history, wrapped lines joined. */
export function captureCommands(paneId: string, lines: number): readonly Command[] {
  return [
    ['display-message', '-p', '-t', paneId, '#{pane_dead}'],
    ['capture-pane', '-p', '-J', '-t', paneId, '-S', `-${lines}`],
  ]
}

/** The lines without trailing blanks, and of a dead pane without the one that tmux adds to it. */
export function capturedLines([dead, ...screen]: readonly string[]): readonly string[] {
  const trimmed = screen.map((line) => line.trimEnd())
  return dead === '1' ? withoutKeeperNoise(trimmed) : withoutTrailingBlanks(trimmed)
}

/** Asks for what a pane shows now, with its styles and without its history. */
export function screenCommands(paneId: string): readonly Command[] {
  return [
    ['display-message', '-p', '-t', paneId, '#{pane_dead}|#{pane_width}'],
    ['capture-pane', '-p', '-e', '-t', paneId],
  ]
}

/** The screen in tmux's answer. @throws TmuxFailed when the pane is gone, which tmux answers with nothing */
export function screenIn([size = '', ...rows]: readonly string[]): Screen {
  const [, dead, width] = /^([01])\|(\d+)$/.exec(size) ?? []
  if (width === undefined) throw new TmuxFailed('capture-pane', 'the pane is gone')
  const kept = dead === '1' ? withoutKeeperNoise(rows) : withoutTrailingBlanks(rows)
  return { columns: Number(width), rows: kept }
}
