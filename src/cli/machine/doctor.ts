// `lab doctor`: what the running lab works with, for whoever wonders which directory or login counts.
import { resolve } from 'node:path'
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import type { Cap, Notice } from '../../core/instance.ts'
import { callApi } from '../api.ts'
import { Failure, serverFlags, type CliContext, type Command } from '../command.ts'
import { findServer, type Server } from '../server.ts'
import { printable } from '../../core/text.ts'
import { alignColumns } from '../text.ts'

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

/** Prints one line a subject, and the notices of the page below them. */
export const doctor: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, serverFlags)
  if (positionals[0] !== undefined)
    throw new UsageError(`lab doctor takes no ${JSON.stringify(positionals[0])}.`)
  const server = findServer(values, context)
  const info = (await callApi(server, 'GET', 'server')) as Partial<ServerInfo> | undefined
  if (!info?.claude?.dir || !info.tmux || !info.cap || !info.variables || !info.notices)
    throw new Failure(
      `lab at ${server.url.origin} is another version than this command; restart it with this one.`,
    )
  context.stdout.write(`${linesOf(info as ServerInfo, server, context).join('\n')}\n`)
  return 0
}

const logins: Readonly<Record<string, string>> = {
  logged_in: 'logged in',
  logged_out: 'not logged in',
}

function linesOf(info: ServerInfo, server: Server, context: CliContext): readonly string[] {
  const { claude, tmux, cap, variables } = info
  const rows = [
    ['lab', `${info.version}, process ${info.pid}, ${server.url.origin}, guard: ${info.guard}`],
    ['projects', info.projectsRoot],
    ['state', info.stateDir],
    ['instances', `${cap.used} of ${cap.max}`],
    ['tmux', `${tmux.version ?? 'version unknown'}, ${tmux.argv.join(' ')}`],
    [
      'claude',
      claude.path ? `${claude.version ?? 'version unknown'}, ${claude.path}` : 'not found',
    ],
    ['login', `${logins[claude.login] ?? 'not known yet'}, in ${dirText(claude)}`],
  ]
  const shell = shellText(claude.dir, server, context)
  if (shell !== null) rows.push(['shell', shell])
  const { passed, withheld, missing } = variables
  if (passed.length > 0) rows.push(['passed on', passed.join(', ')])
  if (missing.length > 0) rows.push(['not set', `${missing.join(', ')}, named by --pass-env`])
  if (withheld.length > 0)
    rows.push(['withheld', `${withheld.join(', ')} (--pass-env NAME passes one on to agents)`])
  const table = alignColumns(rows.map((row) => row.map(printable)))
  const notices = info.notices.map(({ message }) => `- ${printable(message)}`)
  return notices.length === 0 ? table : [...table, '', ...notices]
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
