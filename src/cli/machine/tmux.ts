// `lab tmux`: tmux itself, on lab's server; it must work when lab does not.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import { serverFlags, type Command } from '../command.ts'
import { lastTmuxArgv } from '../server.ts'
import { runTmux } from '../terminal.ts'

/** Runs tmux on the server of the running or the last lab, and answers with tmux's own exit code. */
export const tmux: Command = async (argv, context) => {
  // lab's flags come first; what follows them is tmux's, dashes and all.
  let own = 0
  while (/^--?(url|state-dir)(=|$)/.test(argv[own] ?? '')) own += argv[own]?.includes('=') ? 1 : 2
  const { values } = parseFlags(argv.slice(0, own), serverFlags)
  if (values.url !== undefined)
    throw new UsageError('lab tmux runs tmux on this machine, so it takes no --url.')
  const words = argv.slice(own)
  if (words.length === 0)
    throw new UsageError('lab tmux needs to know what tmux should do, such as `lab tmux ls`.')
  return runTmux([...lastTmuxArgv(values, context), ...words], context.env, context)
}
