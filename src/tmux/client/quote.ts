// How a tmux command is written down: as a line for control mode and `source-file`, or as the
// arguments of a spawned tmux. Pure.

/** A tmux command as words: its name, then its arguments, byte for byte. */
export type Command = readonly string[]

/**
 * Writes one word so that tmux's parser gives it back byte for byte, on one line whatever it holds:
 * a newline would end a control-mode command, so it stands as an escape in double quotes.
 */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''").replaceAll('\n', `'"\\n"'`)}'`
}

/** Writes commands as one line that tmux runs in order until one fails. */
export function quoteLine(commands: readonly Command[]): string {
  return commands.map((command) => command.map(quoteWord).join(' ')).join(' ; ')
}

/**
 * Writes commands as arguments of a spawned tmux, which takes a `;` at the end of any argument for
 * the end of the command unless a backslash precedes it.
 */
export function spawnedArgs(commands: readonly Command[]): string[] {
  return commands.flatMap((command, i) => [
    ...(i === 0 ? [] : [';']),
    ...command.map((word) => (word.endsWith(';') ? `${word.slice(0, -1)}\\;` : word)),
  ])
}
