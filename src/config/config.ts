// The one door of configuration: rows of flags.ts and a command line in, a frozen Config or a UsageError
// out. Pure: serve.ts finds out whether a folder exists or a port is free.
import { parseFlags } from '../argv.ts'
import { isLoopback } from '../core/loopback.ts'
import { UsageError } from '../errors.ts'
import { serveFlags, type Flag, type FlagContext } from './flags.ts'

type Settings = {
  readonly [K in keyof typeof serveFlags]: ReturnType<(typeof serveFlags)[K]['read']>
}

/** The settings of `lab serve`, checked; every path is absolute. */
export interface Config extends Settings {
  /** What named `claudeConfigDir`; null for the default. */
  readonly claudeConfigDirFrom: '--claude-config-dir' | 'CLAUDE_CONFIG_DIR' | null
}

const rows: readonly [string, Flag][] = Object.entries(serveFlags)

/** The text of `lab serve --help`. */
export function serveHelp(): string {
  const lines = rows.map(([, { name, value, fallback, help }]) => {
    const left = `  --${name} ${value}`.padEnd(28)
    return `${left}${help}${fallback ? ` (${fallback})` : ''}\n`
  })
  return `lab serve [FLAG…]   run lab until a signal stops it (plain \`lab\` does the same)\n\n${lines.join('')}`
}

/**
 * Reads the flags of `lab serve` (without the word itself).
 * @throws UsageError in one line that names the flag, the bad value and what to write instead
 */
export function parseConfig(argv: readonly string[], context: FlagContext): Config {
  // A list for each flag: which of several values counts is the row's to say.
  const known = rows.map(([, { name }]) => [name, { type: 'string', multiple: true }] as const)
  const { values, positionals } = parseFlags(argv, Object.fromEntries(known))
  if (positionals[0] !== undefined)
    throw new UsageError(`lab serve takes flags only, not ${JSON.stringify(positionals[0])}.`)
  const typed = ({ name }: Flag): readonly string[] => values[name] ?? []
  const read = rows.map(([key, flag]) => [key, flag.read(typed(flag), context)])
  const settings = Object.fromEntries(read) as Settings
  const isGiven = (key: keyof Settings): boolean => typed(serveFlags[key]).length > 0
  checkGuards(settings, isGiven('proxyUserHeader'))
  const { claudeConfigDir } = settings
  const inherited = claudeConfigDir === null ? null : 'CLAUDE_CONFIG_DIR'
  return Object.freeze({
    ...settings,
    claudeConfigDirFrom: isGiven('claudeConfigDir') ? '--claude-config-dir' : inherited,
  })
}

/** Refuses what would leave lab open, or a header that no proxy may send. @throws UsageError */
function checkGuards(settings: Settings, isHeaderGiven: boolean): void {
  const { host, passwordFile, tokenFile, trustedProxies, proxyUserHeader } = settings
  const hasSecret = passwordFile !== null || tokenFile !== null
  if (proxyUserHeader === null && !hasSecret)
    throw new UsageError(
      '--proxy-user-header none leaves lab without a way to authenticate users: add --password-file FILE or --token-file FILE.',
    )
  if (isHeaderGiven && trustedProxies.length === 0)
    throw new UsageError(
      '--proxy-user-header counts from a trusted proxy only: add --trusted-proxy CIDR.',
    )
  if (!isLoopback(host) && !hasSecret && trustedProxies.length === 0)
    throw new UsageError(
      `--host ${JSON.stringify(host)} is not a loopback address, and anyone who reaches lab's port can run programs, so a guard comes first. ` +
        'Add --password-file FILE, --token-file FILE or --trusted-proxy CIDR, or stay on 127.0.0.1 and use an SSH tunnel.',
    )
}
