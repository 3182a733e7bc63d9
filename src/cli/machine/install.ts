// `lab install`: lab as a systemd unit of the user's own, which starts with the machine and ends no agent.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { absolutePath } from '../../argv.ts'
import { printable } from '../../core/text.ts'
import { Failure, type CliContext, type Command } from '../command.ts'
import { findServer, runningLab } from '../server.ts'
import { askProgram } from './ask.ts'

const unit = 'lab.service'

/** Installs, renews or removes the unit. Repeating it changes nothing. */
export const install: Command = async (argv, context) => {
  const flags = argv.filter((word) => !/^--?uninstall$/.test(word))
  if (flags.length < argv.length) return uninstall(context)
  const path = unitPath(context)
  const text = unitText(flags, context)
  await refuseOtherLab(flags, context)
  const isNew = !existsSync(path)
  const isChanged = isNew || readFileSync(path, 'utf8') !== text
  if (isChanged) {
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text)
  }
  await systemctl(context, 'daemon-reload')
  await systemctl(context, 'enable', unit)
  await systemctl(context, isChanged && !isNew ? 'restart' : 'start', unit)
  const what = isNew ? 'installed' : isChanged ? 'renewed' : 'installed already'
  context.stdout.write(`${printable(path)}: ${what}\n`)
  const lingers = await enableLinger(context)
  context.stdout.write(`lab listens on ${await addressOf(flags, context)}\n`)
  return lingers ? 0 : 1
}

async function uninstall(context: CliContext): Promise<number> {
  const path = unitPath(context)
  if (!existsSync(path)) {
    context.stdout.write('lab is not installed as a unit of this user.\n')
    return 0
  }
  await systemctl(context, 'disable', '--now', unit)
  rmSync(path)
  await systemctl(context, 'daemon-reload')
  context.stdout.write(
    `${printable(path)}: removed. The agents keep running: \`lab tmux ls\` lists them. ` +
      'If nothing else of yours must run while you are logged out: loginctl disable-linger\n',
  )
  return 0
}

function unitPath({ env, homedir }: CliContext): string {
  const config = env['XDG_CONFIG_HOME'] ?? ''
  return join(isAbsolute(config) ? config : join(homedir, '.config'), 'systemd', 'user', unit)
}

/**
 * The unit's text. `KillMode=process` keeps the agents' tmux server, which is a child of lab, alive when lab
 * ends; an agent that runs out of memory must not end lab, hence `OOMPolicy=continue`.
 */
export function unitText(flags: readonly string[], context: CliContext): string {
  const { env, self = [] } = context
  if (self.some((word) => word.startsWith('/nix/store/')))
    throw new Failure(
      'lab was built by Nix, which may remove this version later. Use services.lab on NixOS, or write a unit that names your profile.',
    )
  const words = [...self, 'serve', ...flags.map((flag) => absoluteFlag(flag, context))]
  if ([...words, env['PATH'] ?? ''].some((word) => /[\n\0]/.test(word)))
    throw new Failure('A unit cannot hold a line break in a flag or in PATH.')
  const path = env['PATH'] ? `Environment=${quoted(`PATH=${env['PATH']}`)}\n` : ''
  return `# Written by \`lab install\`, which writes it again. \`systemctl --user edit lab\` adds to it.
[Unit]
Description=lab, several Claude Code instances per git project

[Service]
ExecStart=${words.map(quotedArgument).join(' ')}
${path}WorkingDirectory=%h
KillMode=process
OOMPolicy=continue
Restart=on-failure
RestartSec=2
# Wrong usage does not change by itself.
RestartPreventExitStatus=2
TimeoutStopSec=10
TasksMax=infinity

[Install]
WantedBy=default.target
`
}

/** Makes a value that is a path from this folder absolute, because the unit runs in another one. */
function absoluteFlag(word: string, context: CliContext): string {
  const [, name = '', value = ''] = /^(--?[\w-]+=)?(\.{1,2}(?:\/.*)?)$/.exec(word) ?? []
  return value === '' ? word : `${name}${absolutePath(value, context)}`
}

/** systemd expands `%`, and reads quotes and backslashes. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`
}

/** In a command line systemd expands `$` as well. */
function quotedArgument(word: string): string {
  return /^[\w@+:,./=~-]+$/.test(word) ? word : quoted(word.replaceAll('$', '$$$$'))
}

/** A second lab on one state directory would fail again and again. @throws Failure */
async function refuseOtherLab(flags: readonly string[], context: CliContext): Promise<void> {
  const lab = runningLab(serverFlagsOf(flags), context)
  if (lab === null) return
  const main = await systemctl(context, 'show', '--property=MainPID', '--value', unit)
  if (main.trim() === String(lab.pid)) return
  throw new Failure(
    `lab runs already, as process ${lab.pid}. End it first (kill ${lab.pid}): its agents keep running, and the unit's lab finds them.`,
  )
}

function serverFlagsOf(flags: readonly string[]): { readonly 'state-dir'?: string | undefined } {
  const at = flags.findIndex((word) => /^--?state-dir(=|$)/.test(word))
  const word = flags[at]
  if (word === undefined) return {}
  return { 'state-dir': word.includes('=') ? word.slice(word.indexOf('=') + 1) : flags[at + 1] }
}

/** Without lingering, systemd ends lab and the agents when the user logs out. */
async function enableLinger(context: CliContext): Promise<boolean> {
  const answer = await askProgram(['loginctl', 'enable-linger'], context)
  if (answer.exitCode === 0) return true
  const user = context.env['USER'] ?? '$USER'
  context.stderr.write(
    `lab: ${printable(answer.text.trim() || 'loginctl failed')}\nlab: lab and its agents end when you log out, until you run: sudo loginctl enable-linger ${printable(user)}\n`,
  )
  return false
}

async function systemctl(context: CliContext, ...words: readonly string[]): Promise<string> {
  const answer = await askProgram(['systemctl', '--user', ...words], context)
  if (answer.exitCode === 0) return answer.text
  throw new Failure(
    `systemctl --user ${words.join(' ')} failed: ${answer.text.trim() || 'no reason given'}`,
  )
}

const startMsMax = 20_000
const pollMs = 200

/** The address of the lab that the unit started. @throws Failure when it does not come up */
async function addressOf(flags: readonly string[], context: CliContext): Promise<string> {
  const deadline = performance.now() + startMsMax
  for (;;) {
    try {
      return findServer(serverFlagsOf(flags), context).url.origin
    } catch (error) {
      if (!(error instanceof Failure)) throw error
    }
    if (performance.now() > deadline)
      throw new Failure('lab did not start; `journalctl --user -u lab -e` shows why.')
    await sleep(pollMs)
  }
}
