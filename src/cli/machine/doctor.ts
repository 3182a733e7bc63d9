// `lab doctor`: what lab works with and what is wrong, also while lab is down; and of one instance, what
// went wrong at its start without ending it.
import { accessSync, constants, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { parseFlags } from '../../argv.ts'
import { isLive, type Cap, type Instance, type Notice } from '../../core/instance.ts'
import { printable } from '../../core/text.ts'
import { readCgroups } from '../../processes/proc.ts'
import { namedInstance, refOf } from '../active.ts'
import { callApi, pathPart } from '../api.ts'
import { Failure, serverFlags, type CliContext, type Command } from '../command.ts'
import { findServer, type Server } from '../server.ts'
import { doingOf, wordOf } from '../table.ts'
import { ago, alignColumns } from '../text.ts'
import { askProgram } from './ask.ts'

/** The part of GET /server that is shown. */
interface ServerInfo {
  readonly version: string
  readonly pid: number
  readonly guard: string
  readonly projectsRoot: string
  readonly stateDir: string
  readonly cap: Cap
  readonly tmux: { readonly argv: readonly string[]; readonly version: string | null }
  readonly claude: {
    readonly path: string | null
    readonly version: string | null
    readonly login: string
    readonly dir: string
    readonly dirFrom: string | null
  }
  readonly variables: {
    readonly passed: readonly string[]
    readonly withheld: readonly string[]
    readonly missing: readonly string[]
  }
  readonly notices: readonly Notice[]
}

/** One line of the report. `wrong` needs the operator, `odd` may be on purpose. */
interface Check {
  readonly mark: 'good' | 'odd' | 'wrong'
  readonly subject: string
  readonly text: string
}

const marks = { good: '✓', odd: '!', wrong: '✗' } as const

/** Prints one line a subject, and the notices of the page below them; exit code 1 when something is wrong. */
export const doctor: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, serverFlags)
  let server: Server
  try {
    server = findServer(values, context)
  } catch (error) {
    if (!(error instanceof Failure) || positionals.length > 0) throw error
    return report(await checksWithoutLab(error.message, context), [], context)
  }
  if (positionals.length > 0)
    return examine(
      server,
      await namedInstance(server, refOf(positionals, context, 'doctor')),
      context,
    )
  const info = (await callApi(server, 'GET', 'server')) as Partial<ServerInfo> | undefined
  if (!info?.claude?.dir || !info.tmux || !info.cap || !info.variables || !info.notices)
    throw new Failure(
      `lab at ${server.url.origin} is another version than this command; restart it with this one.`,
    )
  const checks = await checksOf(info as ServerInfo, server, context)
  return report(checks, info.notices, context)
}

function report(
  checks: readonly Check[],
  notices: readonly Notice[],
  { stdout }: CliContext,
): number {
  const rows = checks.map(({ mark, subject, text }) => [
    `${marks[mark]} ${subject}`,
    printable(text),
  ])
  const told = notices.map(({ message }) => `- ${printable(message)}`)
  const lines = [...alignColumns(rows), ...(told.length > 0 ? ['', ...told] : [])]
  stdout.write(`${lines.join('\n')}\n`)
  return checks.some(({ mark }) => mark === 'wrong') ? 1 : 0
}

const good = (subject: string, text: string): Check => ({ mark: 'good', subject, text })
const odd = (subject: string, text: string): Check => ({ mark: 'odd', subject, text })
const wrong = (subject: string, text: string): Check => ({ mark: 'wrong', subject, text })

async function checksOf(
  info: ServerInfo,
  server: Server,
  context: CliContext,
): Promise<readonly Check[]> {
  const { claude, tmux, cap, variables } = info
  const { passed, withheld, missing } = variables
  const checks = [
    good('lab', `${info.version}, process ${info.pid}, ${server.url.origin}, guard: ${info.guard}`),
    good('projects', info.projectsRoot),
    server.isLocal ? checkStateDir(info.stateDir) : good('state', info.stateDir),
    good('instances', `${cap.used} of ${cap.max}`),
    good('tmux', `${tmux.version ?? 'version unknown'}, ${tmux.argv.join(' ')}`),
    claude.path === null
      ? wrong('claude', 'not found: install Claude Code, or name it with --claude PATH')
      : good('claude', `${claude.version ?? 'version unknown'}, ${claude.path}`),
    checkLogin(claude, server.url),
  ]
  if (server.isLocal) checks.push(...(await checkLinger(info.pid, context)))
  const shell = shellText(claude.dir, server, context)
  if (shell !== null) checks.push(odd('shell', shell))
  if (passed.length > 0) checks.push(good('passed on', passed.join(', ')))
  if (missing.length > 0) checks.push(odd('not set', `${missing.join(', ')}, named by --pass-env`))
  if (withheld.length > 0)
    checks.push(
      good('withheld', `${withheld.join(', ')} (--pass-env NAME passes one on to agents)`),
    )
  return checks
}

/** What can be told of the machine while lab is down. */
async function checksWithoutLab(reason: string, context: CliContext): Promise<readonly Check[]> {
  const [unit, tmux, claude, login] = await Promise.all([
    askProgram(['systemctl', '--user', 'is-failed', 'lab.service'], context),
    askProgram(['tmux', '-V'], context),
    askProgram(['claude', '--version'], context),
    askProgram(['claude', 'auth', 'status', '--json'], context),
  ])
  const isIn = /"loggedIn"\s*:\s*true/.test(login.stdout)
  return [
    wrong('lab', reason),
    // systemctl exits with 0 for a unit that has failed.
    ...(unit.exitCode === 0
      ? [wrong('unit', 'lab.service has failed; `journalctl --user -u lab -e` shows why')]
      : []),
    tmux.exitCode === 0 ? good('tmux', line(tmux)) : wrong('tmux', line(tmux)),
    claude.exitCode === 0
      ? good('claude', line(claude))
      : wrong('claude', `${line(claude)}: install Claude Code, or name it with --claude PATH`),
    ...(claude.exitCode !== 0
      ? []
      : [isIn ? good('login', 'logged in') : wrong('login', 'not logged in: claude auth login')]),
  ]
}

function line({ text }: { readonly text: string }): string {
  return text.trim().split('\n')[0] ?? ''
}

function checkLogin(claude: ServerInfo['claude'], url: URL): Check {
  const place = `in ${dirText(claude)}`
  if (claude.login === 'logged_in') return good('login', `logged in, ${place}`)
  if (claude.login === 'logged_out')
    return wrong('login', `not logged in, ${place}: open ${url.origin}/claude-login`)
  return odd('login', `not known yet, ${place}`)
}

/** Whether lab's user alone reaches the state directory; this command may run as another user. */
function checkStateDir(path: string): Check {
  try {
    const { mode, uid } = statSync(path)
    if ((mode & 0o007) !== 0)
      return wrong('state', `${path} is open to every user of this machine: chmod o-rwx it`)
    if (uid === userInfo().uid) accessSync(path, constants.W_OK)
    return good('state', path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // An operator of a lab that another user runs sees no more than that.
    if (code === 'EACCES' && !(error as NodeJS.ErrnoException).syscall?.includes('access'))
      return good('state', path)
    return wrong('state', `${path} cannot be written: ${code ?? 'no reason given'}`)
  }
}

/** A lab of the user's own systemd ends with the last session of the user, and the agents with it. */
async function checkLinger(pid: number, context: CliContext): Promise<readonly Check[]> {
  const uid = /\/user-(\d+)\.slice\//.exec(readCgroups(pid))?.[1]
  if (uid === undefined) return []
  const words = ['loginctl', 'show-user', uid, '--property=Linger', '--value']
  const answer = await askProgram(words, context)
  if (answer.stdout.trim() === 'yes') return [good('linger', 'lab stays when you log out')]
  if (answer.stdout.trim() !== 'no') return []
  return [odd('linger', 'lab and its agents may end when you log out: loginctl enable-linger')]
}

function dirText({ dir, dirFrom }: ServerInfo['claude']): string {
  if (dirFrom === null) return dir
  return `${dir} (${dirFrom}${dirFrom.startsWith('-') ? '' : " of lab's environment"})`
}

/** Says where this shell's claude looks, when that is not where lab's looks. */
function shellText(dir: string, server: Server, context: CliContext): string | null {
  if (!server.isLocal) return null
  const own = context.env['CLAUDE_CONFIG_DIR']
  const place = own ? resolve(context.cwd, own) : resolve(context.homedir, '.claude')
  if (place === dir) return null
  return `claude uses ${place} in this shell, lab does not`
}

/** What lab noted about an instance since its launch. */
interface Problem {
  /** ISO 8601. */
  readonly at: string
  readonly message: string
}

/** Prints what is odd about one instance, the failures of its start that did not end it included. */
async function examine(server: Server, instance: Instance, context: CliContext): Promise<number> {
  const path = `instances/${pathPart(instance.id, 'an instance')}/problems`
  const { problems } = (await callApi(server, 'GET', path)) as {
    readonly problems: readonly Problem[]
  }
  const { name, state, linkState, workspace, model, pid, createdAt } = instance
  const now = Date.now()
  const checks = [
    good('instance', `${name}, ${wordOf(state)}${doingOf(instance) && `: ${doingOf(instance)}`}`),
    good('started', `${ago(createdAt, now)}, in ${workspace.path}`),
    good('model', model ?? "Claude Code's default"),
    isLive(state) && pid === null
      ? odd('process', "Claude's registry does not name the agent's process yet")
      : good('process', pid === null ? 'none' : String(pid)),
    ...(isLive(state) ? [linkCheck(linkState)] : []),
    ...problems.map(({ at, message }) => odd('problem', `${message} (${ago(at, now)})`)),
    ...(problems.length === 0 ? [good('start', 'nothing went wrong since this lab started')] : []),
  ]
  return report(checks, [], context)
}

function linkCheck(linkState: Instance['linkState']): Check {
  if (linkState === 'linked') return good('link', 'linked to claude.ai')
  if (linkState === 'connecting') return odd('link', 'not there yet')
  if (linkState === 'lost')
    return odd('link', 'lost: `lab resume` restarts the agent for a new one')
  return odd('link', 'none: find the instance in claude.ai')
}
