// Running another program in this terminal, as the shell would.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Failure } from './command.ts'

/**
 * Runs a program with this terminal's own input and output and resolves to its exit code, 128+n when
 * signal n ended it. What it writes to stderr goes to `onStderr` instead. @throws Failure when it cannot
 * be run
 */
export function runProgram(
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
