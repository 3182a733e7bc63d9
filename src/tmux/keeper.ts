// The keeper: the pane's first process, a one-line shell program that runs the agent and writes down
// how it ended. Pure: the argument vector, and what tmux adds to a dead pane's screen.

// INT and QUIT are trapped (not ignored, which the agent would inherit) so that C-c reaches the agent
// alone; HUP is not, so that kill-session ends both. The shell's own "Killed" or "Segmentation fault"
// would end up among the agent's last lines, so its stderr is closed off; the agent is given the
// terminal back in a subshell that becomes it, which keeps it the keeper's direct child.
//
// When many agents die at once, tmux 3.3a closes panes without having read what was written last. So
// the keeper asks the terminal for its status and waits for the answer (0.5 s at most): tmux gives it
// only once it has read all that came before. Only then does the note tell lab to look at the screen.
// On a full disk the note is a symbolic link to the status, which needs no room of its own.
const program = [
  'n=$1 end=$2',
  'shift 2',
  'trap : INT QUIT',
  'exec 3>&2 2>/dev/null',
  '[ "$n" = 0 ] || ulimit -n "$n" || ulimit -n "$(ulimit -Hn)"',
  '(exec 2>&3 3>&-; exec "$@")',
  's=$?',
  'stty -icanon -echo min 0 time 5 <&3 && printf "\\033[5n" >&3 && dd bs=64 count=1 <&3 >/dev/null',
  'umask 077',
  'printf %s "$s" >"$end.part" && mv "$end.part" "$end" || ln -s "$s" "$end"',
  'exit "$s"',
].join('; ')

export interface Keeper {
  /** Open files the agent may have; 0 leaves the limit as it is. */
  readonly nofile: number
  /** Absolute path of the file, or link without room, that appears with the exit status (128+n for signal n). */
  readonly noteFile: string
  readonly argv: readonly string[]
}

/** The argument vector that runs `argv` under a keeper, every byte of it kept. */
export function keeperArgv({ nofile, noteFile, argv }: Keeper): string[] {
  return ['sh', '-c', program, 'lab-keeper', String(nofile), noteFile, ...argv]
}

const deathLine = /^Pane is dead(?: \(.*\))?\s*$/

/**
 * How a dead pane's process ended, by the line that tmux draws at its bottom; null where it does not say.
 * Before 3.3 that line is the only place in which tmux tells a signal.
 */
export function deathIn(
  lines: readonly string[],
): { readonly status: number } | { readonly signal: number } | null {
  const last = withoutTrailingBlanks(lines.map((line) => line.trimEnd())).at(-1) ?? ''
  const [, kind, number] = /^Pane is dead \((status|signal) (\d+)[,)]/.exec(last) ?? []
  if (kind === undefined) return null
  return kind === 'signal' ? { signal: Number(number) } : { status: Number(number) }
}

/**
 * Takes the line that tmux draws at the bottom of a dead pane off the end, and the blank lines above
 * it. Only the last line can be tmux's; one that the agent printed stays.
 */
export function withoutKeeperNoise(lines: readonly string[]): string[] {
  const kept = withoutTrailingBlanks(lines)
  return deathLine.test(kept.at(-1) ?? '') ? withoutTrailingBlanks(kept.slice(0, -1)) : kept
}

export function withoutTrailingBlanks(lines: readonly string[]): string[] {
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
}
