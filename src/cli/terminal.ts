// tmux in this terminal, also where tmux does not know the terminal by its name.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Failure, type CliContext } from './command.ts'

// What every terminal of the last twenty years understands, and every terminfo has.
const commonTerm = 'xterm-256color'

/**
 * Runs tmux with this terminal and resolves to its exit code. A terminal for which this machine has no
 * terminfo entry is attached as a common one, and told how to be known. @throws Failure when it cannot
 * be run, or when the terminal cannot show a screen, with the remedy
 */
export async function runTmux(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { stderr }: Pick<CliContext, 'stderr'>,
): Promise<number> {
  let complaint = ''
  const code = await runProgram(
    argv,
    env,
    (text) => (complaint = (complaint + text).slice(-10_000)),
  )
  const term = env['TERM'] ?? ''
  // "not a terminal" is about standard input: no other TERM helps.
  const isUnfit =
    /^(?:missing or unsuitable terminal: |open terminal failed: (?!not a terminal))/m.test(
      complaint,
    )
  const canShow = term !== '' && term !== 'dumb'
  if (isUnfit && canShow && term !== commonTerm) {
    stderr.write(
      `lab: this machine has no terminfo entry for ${term}, so lab attaches as ${commonTerm}. To install the entry, run on the terminal's own machine: infocmp -x ${term} | ssh HOST tic -x -\n`,
    )
    return runTmux(argv, { ...env, TERM: commonTerm }, { stderr })
  }
  stderr.write(complaint)
  if (!isUnfit) return code
  throw new Failure(
    canShow
      ? `this machine has no terminfo entry for ${term}; install its terminfo database (Debian: ncurses-base).`
      : `tmux cannot show a screen with ${term === '' ? 'no TERM' : 'TERM=dumb'}. In a terminal that can, set TERM=${commonTerm} and try again.`,
  )
}

/**
 * Runs a program with this terminal's own input and output and resolves to its exit code, 128+n when
 * signal n ended it. What it writes to stderr goes to `onStderr` instead. @throws Failure when it cannot
 * be run
 */
function runProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  onStderr: (text: string) => void,
): Promise<number> {
  const [program = '', ...args] = argv
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'pipe'], env })
    child.stderr.setEncoding('utf8').on('data', onStderr)
    child.on('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'ENOENT' ? 'it is not installed' : error.message
      fail(new Failure(`${program} cannot be run: ${reason}.`, { cause: error }))
    })
    child.on('close', (code, signal) =>
      done(signal ? 128 + constants.signals[signal] : (code ?? 1)),
    )
  })
}
