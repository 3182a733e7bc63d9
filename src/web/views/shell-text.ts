// A command as text to copy into a shell. Pure.

/** Joins an argument vector into what a shell reads back as the same words. */
export function shellText(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}
