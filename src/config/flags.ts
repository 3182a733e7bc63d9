// The flags of `lab serve`: one row a flag, with its value, default, help and parser. A new flag is a
// row here, an option in nix/options.nix and a line in the README; tests compare the three. Pure.
import { absolutePath, defaultStateDir, type PathContext } from '../argv.ts'
import { UsageError } from '../errors.ts'
import {
  level,
  parseHeaderName,
  parseHost,
  parseHostName,
  parseNetwork,
  parseNotifyUrl,
  parsePath,
  parseProgram,
  parseSocket,
  parseVariable,
  wholeNumber,
  type Typed,
} from './values.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What a default may depend on. */
export interface FlagContext extends PathContext {
  readonly env: Readonly<Record<string, string | undefined>>
}

interface Row<T> {
  /** As typed after the dashes. */
  readonly name: string
  /** The word for the value in help and README. */
  readonly value: string
  /** The default as help and README show it; empty for none. */
  readonly fallback: string
  readonly help: string
  readonly parse: (typed: Typed) => T
  /** The setting without the flag, where that is not what `parse` makes of `fallback`. */
  readonly unset?: (context: FlagContext) => T
}

export interface Flag<T = unknown> extends Pick<Row<T>, 'name' | 'value' | 'fallback' | 'help'> {
  /** The setting, from all values that were typed for the flag. @throws UsageError */
  read(typed: readonly string[], context: FlagContext): T
}

/** Every flag, under the name of its setting, in the order in which help and README show them. */
export const serveFlags = {
  /** Absolute; null for the defaults of its keys. */
  configFile: single<string | null>({
    name: 'config',
    value: 'FILE',
    fallback: '',
    help: 'a JSON file with further settings; lab reads it again on SIGHUP',
    parse: parsePath,
    unset: () => null,
  }),
  /** Absolute. */
  projectsRoot: single({
    name: 'projects-root',
    value: 'DIR',
    fallback: '~/projects',
    help: 'the folder whose git repositories become projects',
    parse: parsePath,
  }),
  /** An address or a host name, without brackets; not loopback only where a guard is on. */
  host: single({
    name: 'host',
    value: 'HOST',
    fallback: '127.0.0.1',
    help: 'the address to listen on; any but loopback needs a guard',
    parse: parseHost,
  }),
  /** 0 lets the system pick one. */
  port: single({
    name: 'port',
    value: 'PORT',
    fallback: '8080',
    help: 'the port to listen on; 0 picks a free one',
    parse: wholeNumber({ min: 0, max: 65_535, wanted: 'from 0 to 65535; 0 picks a free port' }),
  }),
  maxInstances: single({
    name: 'max-instances',
    value: 'N',
    fallback: '6',
    help: 'the most instances at once, all projects together',
    parse: wholeNumber({ min: 1, wanted: 'of at least 1; give one such as 6' }),
  }),
  /** Absolute. */
  stateDir: single({
    name: 'state-dir',
    value: 'DIR',
    fallback: '$XDG_STATE_HOME/lab',
    help: 'where lab keeps what must survive a restart',
    parse: parsePath,
    unset: ({ env, homedir }) => defaultStateDir(env, homedir),
  }),
  /** A name (`tmux -L`), an absolute path (`tmux -S`, a server that lab never starts), or `default`. */
  tmuxSocket: single({
    name: 'tmux-socket',
    value: 'SOCKET',
    fallback: 'lab',
    help: 'tmux server: a name, an absolute path, or default',
    parse: parseSocket,
  }),
  /** A command to look for in PATH, or an absolute path. */
  claude: single({
    name: 'claude',
    value: 'PATH',
    fallback: 'claude',
    help: 'the Claude Code program',
    parse: parseProgram,
  }),
  /** Absolute; null leaves Claude Code its own default. */
  claudeConfigDir: single<string | null>({
    name: 'claude-config-dir',
    value: 'DIR',
    fallback: '$CLAUDE_CONFIG_DIR',
    help: "Claude's directory; else ~/.claude",
    parse: parsePath,
    unset({ env, ...paths }) {
      // `claude` in the shell that starts lab reads this directory; Claude takes an empty one for none.
      const inherited = env['CLAUDE_CONFIG_DIR']
      return inherited ? absolutePath(inherited, paths) : null
    },
  }),
  /** Variables of lab's environment that agents get besides those that they always get. */
  passEnv: repeatable({
    name: 'pass-env',
    value: 'NAME',
    help: "one more variable of lab's environment that agents get; repeatable",
    parse: parseVariable,
  }),
  /** Open files per agent; 0 leaves the limit as it is. */
  sessionNofile: single({
    name: 'session-nofile',
    value: 'N',
    fallback: '16384',
    help: 'open files per agent; 0 leaves the limit alone',
    parse: wholeNumber({ min: 0, wanted: 'of 0 or more; 0 leaves the limit alone' }),
  }),
  historyLimit: single({
    name: 'history-limit',
    value: 'LINES',
    fallback: '2000',
    help: 'lines of terminal history kept per instance',
    parse: wholeNumber({ min: 0, wanted: 'of 0 or more; give one such as 2000' }),
  }),
  /** Host names without port, as `URL.hostname` writes them. */
  allowedHosts: repeatable({
    name: 'allowed-host',
    value: 'NAME',
    help: 'one more host name of the page; repeatable',
    parse: parseHostName,
  }),
  /** The file with the password of lab's own login page; null for no such page. */
  passwordFile: single<string | null>({
    name: 'password-file',
    value: 'FILE',
    fallback: '',
    help: 'a guard: the password of the login page',
    parse: parsePath,
    unset: () => null,
  }),
  /** The file with the bearer tokens; null for none. */
  tokenFile: single<string | null>({
    name: 'token-file',
    value: 'FILE',
    fallback: '',
    help: 'a guard: tokens of the API, one `NAME: TOKEN` or `TOKEN` a line',
    parse: parsePath,
    unset: () => null,
  }),
  /** Networks as `ADDRESS/BITS` whose proxies tell lab the user, the client's address and the scheme. */
  trustedProxies: repeatable({
    name: 'trusted-proxy',
    value: 'CIDR',
    help: 'a guard: trust this proxy to authenticate users; repeatable',
    parse: parseNetwork,
  }),
  /** The header in which such a proxy names the user; null when the proxy does not name the user. */
  proxyUserHeader: single({
    name: 'proxy-user-header',
    value: 'NAME',
    fallback: 'Remote-User',
    help: 'the header in which that proxy names the user, or none',
    parse: parseHeaderName,
  }),
  /** An http(s) address, or one with `json+` in front; a secret. Null for none. */
  notifyUrl: single<string | null>({
    name: 'notify-url',
    value: 'URL',
    fallback: '',
    help: 'POST what needs you to this ntfy topic; json+URL POSTs JSON',
    parse: parseNotifyUrl,
    unset: () => null,
  }),
  logLevel: single({
    name: 'log-level',
    value: 'LEVEL',
    fallback: 'info',
    help: `how much is logged: ${logLevels.join(', ')}`,
    parse: level(logLevels),
  }),
} as const satisfies Readonly<Record<string, Flag>>

/** A flag with one value; of several typed ones the last counts. */
function single<T>(row: Row<T>): Flag<T> {
  return {
    ...row,
    read(typed, context) {
      const last = typed.at(-1)
      if (last === undefined && row.unset) return row.unset(context)
      const text = last ?? row.fallback
      if (text === '')
        throw new UsageError(`--${row.name} is empty; give it a value or leave it out.`)
      return row.parse({ text, subject: subjectOf(row.name, text), context })
    },
  }
}

/** A flag that may be given several times; its setting is the list of its different values. */
function repeatable<T>(row: Omit<Row<T>, 'fallback' | 'unset'>): Flag<readonly T[]> {
  const { name, parse } = row
  return {
    ...row,
    fallback: '',
    read: (typed, context) =>
      Object.freeze([
        ...new Set(typed.map((text) => parse({ text, subject: subjectOf(name, text), context }))),
      ]),
  }
}

/** A flag and its value on one line, whatever the value holds. */
function subjectOf(name: string, text: string): string {
  return `--${name} ${JSON.stringify(text)}`
}
