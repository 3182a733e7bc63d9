// The style sheet of the 256 colours of a terminal. Pure.
import { rgbOf } from './sgr.ts'

// The first sixteen are the terminal's own choice. Each of 1 to 15 has a contrast of 4.5 or more on the
// screen's background, #16181d.
const named = [
  '#5c6370', '#f07178', '#98c379', '#e5c07b', '#7aa2f7', '#c792ea', '#56b6c2', '#c8ccd4',
  '#848b98', '#ff8b92', '#b5e890', '#ffdb94', '#9db8ff', '#e0b0ff', '#7fdbe6', '#ffffff',
] as const // prettier-ignore

/** A rule for each class that `styledRows` gives, below `.terminal`. */
export function terminalCss(): string {
  const colours = Array.from({ length: 256 }, (_, i) => named[i] ?? hex(rgbOf(i)))
  return colours
    .map((colour, i) => `.terminal .c${i}{color:${colour}}.terminal .b${i}{background:${colour}}`)
    .concat([
      '.terminal .cd{color:var(--terminal-back)}.terminal .bd{background:var(--terminal-text)}',
      '.terminal .bold{font-weight:700}.terminal .dim{opacity:.7}.terminal .italic{font-style:italic}',
      '.terminal .underline{text-decoration:underline}.terminal .strike{text-decoration:line-through}',
    ])
    .join('\n')
}

function hex(rgb: readonly number[]): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
