// The flags of `lab serve`: what each takes, what it refuses, and in which words.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseConfig, serveHelp } from '../../src/config/config.ts'
import { serveFlags } from '../../src/config/flags.ts'
import { UsageError } from '../../src/errors.ts'

const rows = Object.values(serveFlags)
const paths = { homedir: '/home/ann', cwd: '/srv/here' }
const parse = (argv: string[], env: Record<string, string> = {}) =>
  parseConfig(argv, { env, ...paths })

function refusal(argv: string[]): string {
  try {
    parse(argv)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as UsageError).message
  }
  throw new Error(`${argv.join(' ')} was taken`)
}

describe('parseConfig', () => {
  test('gives the documented settings without flags', () => {
    expect(parse([])).toEqual({
      configFile: null,
      projectsRoot: '/home/ann/projects',
      host: '127.0.0.1',
      port: 8080,
      maxInstances: 6,
      stateDir: '/home/ann/.local/state/lab',
      tmuxSocket: 'lab',
      claude: 'claude',
      claudeConfigDir: null,
      claudeConfigDirFrom: null,
      passEnv: [],
      sessionNofile: 16384,
      historyLimit: 2000,
      allowedHosts: [],
      passwordFile: null,
      tokenFile: null,
      trustedProxies: [],
      proxyUserHeader: 'Remote-User',
      notifyUrl: null,
      logLevel: 'info',
    })
  })

  test('freezes the configuration and its lists', () => {
    const config = parse(['--allowed-host', 'box'])
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.allowedHosts)).toBe(true)
  })

  test.each([
    [['--max-instances', '6']],
    [['--max-instances=6']],
    [['-max-instances', '6']],
    [['-max-instances=6']],
    [['--max-instances', '2', '--max-instances', '6']],
  ])('reads %j as a cap of six', (argv) => {
    expect(parse(argv).maxInstances).toBe(6)
  })

  test.each([
    [['--projects-root', 'src'], 'projectsRoot', '/srv/here/src'],
    [['--projects-root', '~'], 'projectsRoot', '/home/ann'],
    [['--projects-root', '~/code/'], 'projectsRoot', '/home/ann/code'],
    [['--projects-root', '~bob'], 'projectsRoot', '/srv/here/~bob'],
    [['--projects-root=-odd'], 'projectsRoot', '/srv/here/-odd'],
    [['--state-dir', '../state'], 'stateDir', '/srv/state'],
    [['--claude', 'claude-next'], 'claude', 'claude-next'],
    [['--claude', './claude'], 'claude', '/srv/here/claude'],
    [['--claude', '~/bin/claude'], 'claude', '/home/ann/bin/claude'],
    [['--claude-config-dir', '~/.claude-work'], 'claudeConfigDir', '/home/ann/.claude-work'],
    [
      ['--pass-env', 'GH_TOKEN', '--pass-env=_x1', '--pass-env=GH_TOKEN'],
      'passEnv',
      ['GH_TOKEN', '_x1'],
    ],
    [['--host', '::1'], 'host', '::1'],
    [['--host', '[::1]'], 'host', '::1'],
    [['--host', '127.8.9.1'], 'host', '127.8.9.1'],
    [['--host', 'LOCALHOST'], 'host', 'localhost'],
    [['--port', '0'], 'port', 0],
    [['--port', '65535'], 'port', 65535],
    [['--session-nofile', '0'], 'sessionNofile', 0],
    [['--history-limit', '0'], 'historyLimit', 0],
    [['--tmux-socket', 'default'], 'tmuxSocket', 'default'],
    [['--tmux-socket', 'my_lab-2'], 'tmuxSocket', 'my_lab-2'],
    [['--tmux-socket', '/run/lab-tmux/tmux.sock'], 'tmuxSocket', '/run/lab-tmux/tmux.sock'],
    [['--tmux-socket', '~/t.sock'], 'tmuxSocket', '/home/ann/t.sock'],
    [
      ['--allowed-host', 'Box.Example.Net', '--allowed-host=[::1]'],
      'allowedHosts',
      ['box.example.net', '[::1]'],
    ],
    [['--password-file', '~/password'], 'passwordFile', '/home/ann/password'],
    [['--token-file', 'tokens'], 'tokenFile', '/srv/here/tokens'],
    [
      ['--trusted-proxy', '10.1.0.0/16', '--trusted-proxy=::1', '--trusted-proxy=192.168.1.5'],
      'trustedProxies',
      ['10.1.0.0/16', '::1/128', '192.168.1.5/32'],
    ],
    [
      ['--trusted-proxy=::1', '--proxy-user-header', 'X-Forwarded-User'],
      'proxyUserHeader',
      'X-Forwarded-User',
    ],
    [
      ['--trusted-proxy=::1', '--proxy-user-header', 'none', '--password-file=p'],
      'proxyUserHeader',
      null,
    ],
    [['--host', '0.0.0.0', '--password-file=p'], 'host', '0.0.0.0'],
    [['--host', '[::]', '--token-file=t'], 'host', '::'],
    [['--host', 'Box.lan', '--trusted-proxy=10.0.0.1'], 'host', 'box.lan'],
    [['--notify-url', 'https://ntfy.sh/x'], 'notifyUrl', 'https://ntfy.sh/x'],
    [['--notify-url', 'json+http://box:1/h'], 'notifyUrl', 'json+http://box:1/h'],
    [['--log-level', 'debug'], 'logLevel', 'debug'],
  ] as const)('reads %j as %s %j', (argv, key, value) => {
    expect(parse([...argv])[key]).toEqual(value)
  })

  test.each([
    [{ XDG_STATE_HOME: '/var/state' }, '/var/state/lab'],
    [{ XDG_STATE_HOME: '' }, '/home/ann/.local/state/lab'],
    [{ XDG_STATE_HOME: 'relative' }, '/home/ann/.local/state/lab'],
  ])('with %j puts the state directory at %s', (env, dir) => {
    expect(parse([], env).stateDir).toBe(dir)
  })

  test.each([
    [{}, [], null, null],
    [{ CLAUDE_CONFIG_DIR: '' }, [], null, null],
    [{ CLAUDE_CONFIG_DIR: '/srv/claude' }, [], '/srv/claude', 'CLAUDE_CONFIG_DIR'],
    [{ CLAUDE_CONFIG_DIR: 'claude' }, [], '/srv/here/claude', 'CLAUDE_CONFIG_DIR'],
    [
      { CLAUDE_CONFIG_DIR: '/srv/claude' },
      ['--claude-config-dir', '/flag'],
      '/flag',
      '--claude-config-dir',
    ],
  ] as const)(
    'with %j and %j takes %s as the directory of Claude, named by %s',
    (env, argv, dir, from) => {
      expect(parse([...argv], env)).toMatchObject({
        claudeConfigDir: dir,
        claudeConfigDirFrom: from,
      })
    },
  )

  test.each([
    [['--host', '0.0.0.0'], 'a guard comes first'],
    [['--host', '192.168.1.5'], 'a guard comes first'],
    [['--host', '::'], 'a guard comes first'],
    [['--host', '128.0.0.1'], '--password-file FILE, --token-file FILE or --trusted-proxy CIDR'],
    [['--host', '127.0.0.1.example.net'], 'a guard comes first'],
    [['--host', 'localhost.example.net'], 'a guard comes first'],
    [['--host', 'http://box', '--token-file=t'], 'is not an address'],
    [['--host', '10.0.0.0/8', '--token-file=t'], 'is not an address'],
    [['--host', '300.1.1.1', '--token-file=t'], 'is not an address'],
    [['--trusted-proxy', '10.0.0.0/33'], 'such as 127.0.0.1/32'],
    [['--trusted-proxy', '10.0.0/8'], 'such as 127.0.0.1/32'],
    [['--trusted-proxy', 'proxy.lan'], 'such as 127.0.0.1/32'],
    [['--trusted-proxy', 'fe80::1%eth0'], 'such as 127.0.0.1/32'],
    [['--trusted-proxy', '0.0.0.0/0'], 'trusts every address'],
    [['--trusted-proxy', '::/0'], 'trusts every address'],
    [['--proxy-user-header', 'Remote User', '--trusted-proxy=::1'], 'such as Remote-User'],
    [['--proxy-user-header', 'Remote-User:', '--trusted-proxy=::1'], 'such as Remote-User'],
    [['--port', '65536'], 'from 0 to 65535'],
    [['--port', '-1'], 'from 0 to 65535'],
    [['--port', '80a'], 'from 0 to 65535'],
    [['--port', '1e3'], 'from 0 to 65535'],
    [['--port', ' 80'], 'from 0 to 65535'],
    [['--max-instances', '0'], 'at least 1'],
    [['--max-instances', '1.5'], 'at least 1'],
    [['--max-instances', '99999999999999999999'], 'at least 1'],
    [['--session-nofile', '-1'], '0 leaves the limit alone'],
    [['--history-limit', 'all'], '0 or more'],
    [['--tmux-socket', 'a b'], 'an absolute path, or default'],
    [['--tmux-socket', './t.sock'], 'an absolute path, or default'],
    [['--tmux-socket', 'x.y'], 'an absolute path, or default'],
    [['--allowed-host', 'http://box'], 'the bare name'],
    [['--allowed-host', 'box:8080'], 'the bare name'],
    [['--allowed-host', ''], 'the bare name'],
    [['--pass-env', 'GH_TOKEN=secret'], 'the name alone'],
    [['--pass-env', '1X'], 'the name alone'],
    [['--pass-env', 'A B'], 'the name alone'],
    [['--pass-env', '*'], 'the name alone'],
    [['--log-level', 'loud'], 'debug, info, warn, error'],
  ])('refuses %j in one line that names flag, value and remedy', (argv, remedy) => {
    const line = refusal(argv)
    expect(line).toContain(`${argv[0]} ${JSON.stringify(argv[1])}`)
    expect(line).toContain(remedy)
    expect(line).not.toContain('\n')
  })

  test.each(rows.map(({ name }) => name))('refuses an empty --%s by name', (name) => {
    expect(refusal([`--${name}=`])).toContain(`--${name}`)
    expect(refusal([`--${name}`, ''])).toContain(`--${name}`)
  })

  test('refuses a proxy that names no user as the only guard', () => {
    const flags = ['--trusted-proxy=::1', '--proxy-user-header', 'none']
    expect(refusal(flags)).toContain('--password-file FILE or --token-file FILE')
  })

  test('refuses a user header without a proxy that may send it', () => {
    expect(refusal(['--proxy-user-header', 'Remote-User'])).toContain('--trusted-proxy CIDR')
  })

  test.each([
    [['--prot', '80'], '--prot is not a flag of lab; did you mean --port?'],
    [['-max-instance=6'], '-max-instance is not a flag of lab; did you mean --max-instances?'],
    [
      ['--claude-config', 'x'],
      '--claude-config is not a flag of lab; did you mean --claude-config-dir?',
    ],
    [['--frobnicate'], '--frobnicate is not a flag of lab; --help lists them.'],
    [['--constructor', 'x'], '--constructor is not a flag of lab; --help lists them.'],
    [['-1'], '-1 is not a flag of lab; --help lists them.'],
    [['--port'], '--port is given without a value; write --port=VALUE.'],
    [['--port', '--host', '::1'], '--port is given without a value; write --port=VALUE.'],
    [['8080'], 'lab serve takes flags only, not "8080".'],
    [['--', '--port'], 'lab serve takes flags only, not "--port".'],
  ])('refuses %j: %s', (argv, line) => {
    expect(refusal(argv)).toBe(line)
  })

  test('refuses a value with a line break in one line', () => {
    expect(refusal(['--port', '80\nforged'])).not.toContain('\n')
    expect(refusal(['--x\ny'])).not.toContain('\n')
  })
})

describe('serveFlags', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const listed = [...readme.matchAll(/^\| `--([a-z-]+) ([A-Z]+)` \| (?:`([^`]*)`)? *\| (.+) \|$/gm)]

  test('are listed in the README with their values and defaults', () => {
    expect(listed.map(([, name, value, fallback = '']) => ({ name, value, fallback }))).toEqual(
      rows.map(({ name, value, fallback }) => ({ name, value, fallback })),
    )
  })

  test('are all named by the help', () => {
    for (const { name } of rows) expect(serveHelp()).toContain(`  --${name} `)
  })
})
