// `lab open`: an instance's own link to claude.ai, for this screen and for a phone's camera.
import { parseFlags } from '../../argv.ts'
import { isLive } from '../../core/instance.ts'
import { printable } from '../../core/text.ts'
import { namedInstance, refOf } from '../active.ts'
import { Failure, serverFlags, type Command } from '../command.ts'
import { endedText } from '../ref.ts'
import { findServer } from '../server.ts'

/** Prints the link, and on a terminal its QR code. */
export const open: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, serverFlags)
  const ref = refOf(positionals, context, 'open')
  const server = findServer(values, context)
  const instance = await namedInstance(server, ref)
  const { name, state, deepLink, linkState } = instance
  if (!isLive(state)) throw new Failure(endedText(instance, Date.now()))
  if (linkState === 'lost')
    throw new Failure(
      `${name} has lost its link. \`lab resume ${name}\` restarts it for a new link and cuts off what it does now.`,
    )
  if (deepLink === null)
    throw new Failure(
      linkState === 'connecting'
        ? `The link of ${name} is not there yet; try again in a few seconds.`
        : `${name} has no link: find it in claude.ai, or see \`lab doctor\` for the login.`,
    )
  context.stdout.write(`${printable(deepLink)}\n`)
  if (context.stdout.isTTY) context.stdout.write(await qrCode(deepLink))
  return 0
}

/** A code in white on black, whatever the terminal's own colours are. */
async function qrCode(link: string): Promise<string> {
  const { renderUnicodeCompact } = await import('uqr')
  const lines = renderUnicodeCompact(link, { border: 2 }).split('\n')
  return lines.map((line) => `\u001b[97;40m${line}\u001b[0m\n`).join('')
}
