// `lab attach`: an instance's session in this terminal.
import { parseFlags } from '../../argv.ts'
import { isLive } from '../../core/instance.ts'
import { shellText } from '../../core/text.ts'
import { namedInstance, refOf } from '../active.ts'
import { Failure, serverFlags, type Command } from '../command.ts'
import { endedText } from '../ref.ts'
import { findServer } from '../server.ts'
import { runTmux } from '../terminal.ts'

/** Runs the command that the server gives for attaching, with this terminal, until it ends. */
export const attach: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, serverFlags)
  const ref = refOf(positionals, context, 'attach')
  const server = findServer(values, context)
  const instance = await namedInstance(server, ref)
  const { state, attach: words } = instance
  if (!isLive(state)) throw new Failure(endedText(instance, Date.now()))
  // What another machine names is not run here: it may be any program, and the session is there.
  if (!server.isLocal)
    throw new Failure(
      `lab attach needs lab's own machine, and ${server.url.origin} may be another. Run there: ${shellText(words)}`,
    )
  const env = { ...context.env }
  if (env['TMUX']) {
    context.stderr.write(
      'lab: inside tmux already, so press the prefix twice (C-b C-b d leaves).\n',
    )
    // tmux refuses to attach inside itself while this is set.
    delete env['TMUX']
  }
  return runTmux(words, env, context)
}
