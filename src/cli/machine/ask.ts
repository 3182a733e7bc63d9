// Asking another program: its words and exit code, bounded in time and size.
import { execFile } from 'node:child_process'
import type { CliContext } from '../command.ts'

export interface Answer {
  /** Null when it could not be run, did not end in time, or a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: string
  /** Everything that it wrote, and why it could not be run. */
  readonly text: string
}

const timeoutMs = 15_000
const bytesMax = 256 * 1024

/** Runs a program of the PATH without a shell and resolves with its answer; never rejects. */
export function askProgram(
  argv: readonly string[],
  { env }: Pick<CliContext, 'env'>,
): Promise<Answer> {
  const [program = '', ...args] = argv
  return new Promise((done) => {
    const options = { env, timeout: timeoutMs, maxBuffer: bytesMax }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) return done({ exitCode: 0, stdout, text: stdout + stderr })
      const { code } = error
      if (typeof code === 'number') return done({ exitCode: code, stdout, text: stdout + stderr })
      const reason = error.killed ? `no answer within ${timeoutMs / 1000} s` : error.message
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      done({ exitCode: null, stdout, text: isMissing ? `${program} is not installed` : reason })
    })
    child.stdin?.end()
  })
}
