// The screen of a pane: the commands that ask for it, and its lines. Pure.
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
