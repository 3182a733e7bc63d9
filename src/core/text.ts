// Text for people and shells: the hidden characters, and the quoting of words. Pure.

// Controls (C0, DEL, C1), lone surrogates, line separators, and the marks that reorder or hide the
// text around them.
const hidden = String.raw`\p{Cc}\p{Cs}\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff`
const hiddenCharacter = new RegExp(`[${hidden}]`, 'u')
const hiddenCharacters = new RegExp(`[${hidden}]`, 'gu')

/** Whether a text has a character that could control a terminal, or reorder or hide other text. */
export function hasHidden(text: string): boolean {
  return hiddenCharacter.test(text)
}

/** The text on one line, with every hidden character as `\uXXXX`. */
export function printable(text: string): string {
  return text.replace(
    hiddenCharacters,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Quotes a word for a POSIX shell and zsh. zsh expands `=foo`, and `~2` may expand anywhere. */
export function shellWord(word: string): string {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Formats an argument vector as a command to paste into a shell. */
export function shellText(argv: readonly string[]): string {
  return argv.map(shellWord).join(' ')
}
