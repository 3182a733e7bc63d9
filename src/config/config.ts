// The one door of configuration: flags and environment in, a frozen Config or a UsageError out. Pure:
// whether a folder exists or a port is free is found out by main.ts, which acts on it.
import { isAbsolute } from 'node:path'
import { isIP, isIPv4 } from 'node:net'
import { absolutePath, defaultStateDir, parseFlags, type PathContext } from '../argv.ts'
import { UsageError } from '../errors.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What `lab serve` was told, checked; every path is absolute. */
export interface Config {
  readonly projectsRoot: string
  /** An address or a host name, without brackets; not loopback only where a guard is on. */
  readonly host: string
  /** 0 lets the system pick one. */
  readonly port: number
  readonly maxInstances: number
  readonly stateDir: string
  /** A name (`tmux -L`), an absolute path (`tmux -S`, somebody else's server), or `default`. */
  readonly tmuxSocket: string
  /** A command to look for in PATH, or an absolute path. */
  readonly claude: string
  /** Null leaves Claude Code its own default. */
  readonly claudeConfigDir: string | null
  /** What named it; null for the default. */
  readonly claudeConfigDirFrom: '--claude-config-dir' | 'CLAUDE_CONFIG_DIR' | null
  /** Open files per agent; 0 leaves the limit as it is. */
  readonly sessionNofile: number
  /** Variables of lab's environment that agents get besides those that they always get. */
  readonly passEnv: readonly string[]
  readonly historyLimit: number
  /** Host names without port, as `URL.hostname` writes them. */
  readonly allowedHosts: readonly string[]
  /** The file with the password of lab's own login page; null for no such page. */
  readonly passwordFile: string | null
  /** The file with the bearer tokens; null for none. */
  readonly tokenFile: string | null
  /** Networks as `ADDRESS/BITS` whose word counts about who asks, from where and how. */
  readonly trustedProxies: readonly string[]
  /** The header in which such a proxy names the user; null when it names nobody. */
  readonly proxyUserHeader: string | null
  readonly logLevel: LogLevel
}

interface Flag {
  readonly type: 'string'
  readonly multiple?: true
  /** What stands for the value in a help text. */
  readonly value: string
  /** The default as a reader would write it; empty for none. */
  readonly fallback: string
  readonly help: string
}

/** Every flag of `lab serve`, in the order in which help and README show them. */
export const serveFlags = {
  'projects-root': flag('DIR', '~/projects', 'the folder whose git repositories become projects'),
  host: flag('HOST', '127.0.0.1', 'the address to listen on; any but loopback needs a guard'),
  port: flag('PORT', '8080', 'the port to listen on; 0 picks a free one'),
  'max-instances': flag('N', '6', 'the most instances at once, all projects together'),
  'state-dir': flag('DIR', '$XDG_STATE_HOME/lab', 'where lab keeps what must survive a restart'),
  'tmux-socket': flag('SOCKET', 'lab', 'tmux server: a name, an absolute path, or default'),
  claude: flag('PATH', 'claude', 'the Claude Code program'),
  'claude-config-dir': flag('DIR', '$CLAUDE_CONFIG_DIR', "Claude's directory; else ~/.claude"),
  'pass-env': {
    ...flag('NAME', '', "one more variable of lab's environment that agents get; repeatable"),
    multiple: true,
  },
  'session-nofile': flag('N', '16384', 'open files per agent; 0 leaves the limit alone'),
  'history-limit': flag('LINES', '2000', 'lines of terminal history kept per instance'),
  'allowed-host': {
    ...flag('NAME', '', 'one more host name the page may be asked under; repeatable'),
    multiple: true,
  },
  'password-file': flag('FILE', '', 'a guard: the password of the login page'),
  'token-file': flag('FILE', '', 'a guard: tokens of the API, one `NAME: TOKEN` or `TOKEN` a line'),
  'trusted-proxy': {
    ...flag('CIDR', '', 'a guard: a proxy that knows who asks and says so; repeatable'),
    multiple: true,
  },
  'proxy-user-header': flag(
    'NAME',
    'Remote-User',
    'the header in which it names the user, or none',
  ),
  'log-level': flag('LEVEL', 'info', `how much is logged: ${logLevels.join(', ')}`),
} as const satisfies Record<string, Flag>

type ListName = 'allowed-host' | 'pass-env' | 'trusted-proxy'
type FlagName = Exclude<keyof typeof serveFlags, ListName>
type Values = Partial<Record<FlagName, string>> & Partial<Record<ListName, string[] | undefined>>

/** The text of `lab serve --help`. */
export function serveHelp(): string {
  const rows = Object.entries(serveFlags).map(([name, { value, fallback, help }]) => {
    const left = `  --${name} ${value}`.padEnd(28)
    return `${left}${help}${fallback ? ` (${fallback})` : ''}\n`
  })
  return `lab serve [FLAG…]   runs lab until it is told to stop (plain \`lab\` does the same)\n\n${rows.join('')}`
}

/**
 * Reads the flags of `lab serve` (without the word itself).
 * @throws UsageError in one line that names the flag, the bad value and what to write instead
 */
export function parseConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  context: PathContext,
): Config {
  const { values: parsed, positionals } = parseFlags(argv, serveFlags)
  if (positionals[0] !== undefined)
    throw new UsageError(`lab serve takes flags only, not ${quote(positionals[0])}.`)
  const values: Values = parsed
  const text = (name: FlagName): string => {
    const value = values[name] ?? serveFlags[name].fallback
    if (value === '') throw new UsageError(`--${name} is empty; give it a value or leave it out.`)
    return value
  }
  const path = (value: string): string => absolutePath(value, context)
  const whole = (name: FlagName, min: number, max: number, remedy: string): number => {
    const value = text(name)
    const number = /^\d{1,10}$/.test(value) ? Number(value) : -1
    if (number < min || number > max)
      throw new UsageError(`--${name} ${quote(value)} will not do: ${remedy}.`)
    return number
  }
  const file = (name: FlagName): string | null =>
    values[name] === undefined ? null : path(text(name))
  const guards = {
    passwordFile: file('password-file'),
    tokenFile: file('token-file'),
    trustedProxies: Object.freeze((values['trusted-proxy'] ?? []).map(parseNetwork)),
    proxyUserHeader: parseHeaderName(text('proxy-user-header')),
  }
  if (guards.proxyUserHeader === null && guards.passwordFile === null && guards.tokenFile === null)
    throw new UsageError(
      '--proxy-user-header none leaves nobody who would know who asks: add --password-file FILE or --token-file FILE.',
    )
  if (values['proxy-user-header'] !== undefined && guards.trustedProxies.length === 0)
    throw new UsageError(
      '--proxy-user-header counts from a trusted proxy only: add --trusted-proxy CIDR.',
    )
  const flaggedDir = file('claude-config-dir')
  // `claude` in the shell that starts lab reads this directory; Claude takes an empty one for none.
  const inherited = env['CLAUDE_CONFIG_DIR']
  return Object.freeze({
    projectsRoot: path(text('projects-root')),
    host: parseHost(text('host'), guards),
    port: whole('port', 0, 65_535, 'give a number from 0 to 65535 (0 picks a free port)'),
    maxInstances: whole('max-instances', 1, countMax, 'give a whole number of at least 1'),
    stateDir:
      values['state-dir'] === undefined
        ? defaultStateDir(env, context.homedir)
        : path(text('state-dir')),
    tmuxSocket: parseSocket(text('tmux-socket'), path),
    claude: /^~|\//.test(text('claude')) ? path(text('claude')) : text('claude'),
    claudeConfigDir: flaggedDir ?? (inherited ? path(inherited) : null),
    claudeConfigDirFrom: flaggedDir
      ? '--claude-config-dir'
      : inherited
        ? 'CLAUDE_CONFIG_DIR'
        : null,
    passEnv: Object.freeze([...new Set((values['pass-env'] ?? []).map(parseVariable))]),
    sessionNofile: whole('session-nofile', 0, countMax, 'give a whole number, or 0 for no limit'),
    historyLimit: whole('history-limit', 0, countMax, 'give a whole number of lines, 0 or more'),
    allowedHosts: Object.freeze((values['allowed-host'] ?? []).map(parseAllowedHost)),
    ...guards,
    logLevel: parseLevel(text('log-level')),
  })
}

// tmux and the kernel take a C int for these.
const countMax = 2_147_483_647

function flag(value: string, fallback: string, help: string) {
  return { type: 'string', value, fallback, help } as const
}

/** A value as it was typed, on one line whatever it holds. */
function quote(value: string): string {
  return JSON.stringify(value)
}

type Guards = Pick<Config, 'passwordFile' | 'tokenFile' | 'trustedProxies'>

function parseHost(value: string, guards: Guards): string {
  const host = value.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.')))
    return host
  if (isIP(host) === 0 && !/^(?=.*[a-z])[a-z0-9._-]+$/.test(host))
    throw new UsageError(`--host ${quote(value)} is no address: give one such as 127.0.0.1 or ::1.`)
  const { passwordFile, tokenFile, trustedProxies } = guards
  if (passwordFile !== null || tokenFile !== null || trustedProxies.length > 0) return host
  throw new UsageError(
    `--host ${quote(value)} is no loopback address, and whoever reaches lab's port can run programs: a guard comes first. ` +
      'Add --password-file FILE, --token-file FILE or --trusted-proxy CIDR, or stay on 127.0.0.1 and use an SSH tunnel.',
  )
}

function parseNetwork(value: string): string {
  const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(value) ?? []
  const max = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  const prefix = bits === undefined ? max : Number(bits)
  if (max > 0 && prefix > 0 && prefix <= max && !address.includes('%'))
    return `${address}/${prefix}`
  throw new UsageError(
    max > 0 && prefix === 0
      ? `--trusted-proxy ${quote(value)} would believe everybody: name the proxy's own address, such as 127.0.0.1/32.`
      : `--trusted-proxy ${quote(value)} is no network: give one such as 127.0.0.1/32 or fd00::/8.`,
  )
}

function parseHeaderName(value: string): string | null {
  if (value === 'none') return null
  if (/^[A-Za-z0-9-]+$/.test(value)) return value
  throw new UsageError(
    `--proxy-user-header ${quote(value)} is no header's name: give one such as Remote-User, or none.`,
  )
}

function parseSocket(value: string, path: (value: string) => string): string {
  if (/^[A-Za-z0-9_-]+$/.test(value)) return value
  if (isAbsolute(value) || value.startsWith('~/')) return path(value)
  throw new UsageError(
    `--tmux-socket ${quote(value)} names no socket: give a name of letters, digits, _ and -, an absolute path, or default.`,
  )
}

function parseAllowedHost(value: string): string {
  const name = /^\[[0-9A-Fa-f:.]+\]$|^[A-Za-z0-9._-]+$/.test(value)
  if (name && URL.canParse(`http://${value}`)) return new URL(`http://${value}`).hostname
  throw new UsageError(
    `--allowed-host ${quote(value)} is no host name: give the bare name, such as box.example.net, without scheme, port or path.`,
  )
}

function parseVariable(value: string): string {
  if (/^[A-Za-z_]\w*$/.test(value)) return value
  throw new UsageError(
    `--pass-env ${quote(value)} is not a variable's name: give the name alone, such as GH_TOKEN.`,
  )
}

function parseLevel(value: string): LogLevel {
  const level = logLevels.find((known) => known === value)
  if (level) return level
  throw new UsageError(`--log-level ${quote(value)} is no level: use ${logLevels.join(', ')}.`)
}
