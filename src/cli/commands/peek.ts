// `lab peek`: what an instance's terminal shows, once or until C-c.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseFlags } from '../../argv.ts'
import { printable } from '../../core/text.ts'
import { UsageError } from '../../errors.ts'
import { namedInstance, refOf } from '../active.ts'
import { fetchText } from '../api.ts'
import { serverFlags, type Command } from '../command.ts'
import { findServer } from '../server.ts'

const flags = { ...serverFlags, lines: { type: 'string' }, follow: { type: 'boolean' } } as const

const linesDefault = 50
const linesMax = 5000
const everyMs = 500
const clear = '\u001b[H\u001b[2J'

/** Prints the screen, and with --follow each screen that differs from the one before. */
export const peek: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const ref = refOf(positionals, context, 'peek')
  const lines = Number(values.lines ?? linesDefault)
  if (!Number.isInteger(lines) || lines < 1 || lines > linesMax)
    throw new UsageError(`--lines is a number from 1 to ${linesMax}.`)
  const server = findServer(values, context)
  const { id } = await namedInstance(server, ref)
  const { stdout } = context
  let shown: string | null = null
  for (;;) {
    const output = await fetchText(server, `instances/${id}/output?lines=${lines}`)
    const screen = output
      .split('\n')
      .map((line) => printable(line))
      .join('\n')
    if (screen !== shown) {
      // A terminal shows one screen in place of the other; a file gets one after the other.
      if (values.follow) stdout.write(stdout.isTTY ? clear : shown === null ? '' : '\n')
      stdout.write(screen)
    }
    if (!values.follow) return 0
    shown = screen
    await sleep(everyMs)
  }
}
