// The arguments of an agent, byte for byte, and its environment without secrets of the service.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  launchArguments,
  launchEnvironment,
  remoteControlBlockers,
  type AgentOptions,
} from '../../src/claude/launch.ts'
import { claudePaths, homeEnvironment } from '../../src/claude/paths.ts'
import { planLaunch } from '../../src/core/plan.ts'

const agent = {
  claude: '/usr/bin/claude',
  name: 'api~2~fix',
  conversation: 'f0f0f0f0-0000-4000-8000-000000000001',
  resume: false,
  settingsFile: '/state/notes/x.settings',
  model: null,
  effort: null,
  mode: 'auto',
} as const
const argvOf = (change: Partial<AgentOptions> = {}) =>
  launchArguments({ ...agent, ...change }).argv ?? []

describe('the argument vector', () => {
  test('of a new conversation', () => {
    expect(argvOf()).toEqual(
      [
        ['/usr/bin/claude', '--remote-control', 'api~2~fix', '--name', 'api~2~fix'],
        ['--session-id', agent.conversation, '--permission-mode', 'auto'],
        ['--settings', '/state/notes/x.settings'],
      ].flat(),
    )
  })

  test('of a resumed conversation has --resume with it, and no --session-id', () => {
    const argv = argvOf({ resume: true })
    expect(argv[argv.indexOf('--resume') + 1]).toBe(agent.conversation)
    expect(argv).not.toContain('--session-id')
    expect(argv).not.toContain('--fork-session')
  })

  test('has model and effort where the operator chose them', () => {
    const argv = argvOf({ model: 'opus[1m]', effort: 'high' })
    expect(argv.slice(-4)).toEqual(['--model', 'opus[1m]', '--effort', 'high'])
    expect(argvOf()).not.toContain('--model')
  })

  test.for([
    ['auto', 'auto'],
    ['review', 'default'],
    ['plan', 'plan'],
  ] as const)('has for mode %s the permission mode %s, also at a resume', ([mode, permission]) => {
    for (const resume of [false, true]) {
      const argv = argvOf({ mode, resume })
      expect(argv[argv.indexOf('--permission-mode') + 1]).toBe(permission)
    }
  })

  test('ends with the first prompt, which no option can follow', () => {
    expect(argvOf({ model: 'opus', prompt: '--help me' }).slice(-2)).toEqual(['--', '--help me'])
    expect(argvOf({ prompt: '' })).not.toContain('--')
  })
})

/** The environment that a launch's plan gives an agent, for lab's own and the tmux server's. */
function environment(
  lab: Record<string, string | undefined>,
  {
    inherited = [],
    configDir = null,
    passEnv = [],
  }: { inherited?: string[]; configDir?: string | null; passEnv?: string[] } = {},
) {
  const paths = claudePaths({ configDir, home: '/home/ann' })
  const id = 'the-id'
  return planLaunch({ name: 'api', cwd: '/p/api', metadata: { id } }, [
    launchEnvironment({ lab, inherited, passEnv, stateDir: '/state', id }),
    { env: homeEnvironment(paths) },
  ])
}

/** The environment that the process ends up with: the server's, less `unset`, and `env` on top. */
function arriving(
  lab: Record<string, string | undefined>,
  server: Record<string, string>,
  configDir: string | null = null,
): Record<string, string> {
  const { env, unset } = environment(lab, { inherited: Object.keys(server), configDir })
  const kept = Object.entries(server).filter(([name]) => !unset.includes(name))
  return { ...Object.fromEntries(kept), ...env }
}

const leaks = [
  'CLAUDECODE',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SSE_PORT',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_SOMETHING_NEW',
  'CLAUDE_PID',
  'CLAUDE_EFFORT',
  'CLAUDE_PROJECT_DIR',
  'AI_AGENT',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_CUSTOM_HEADERS',
  'ANTHROPIC_MODEL',
  'LAB_TOKEN_FILE',
  'LAB_URL',
  // They lead to the server that holds every agent.
  'TMUX',
  'TMUX_PANE',
]

describe('the environment', () => {
  test.for(leaks)('does not get %s of lab or of the tmux server', (name) => {
    expect(arriving({ PATH: '/bin', [name]: 'x' }, {})).not.toHaveProperty(name)
    expect(arriving({ PATH: '/bin' }, { [name]: 'x' })).not.toHaveProperty(name)
    expect(arriving({ [name]: 'x' }, { [name]: 'y' })).not.toHaveProperty(name)
  })

  test('gets no variable with one of these beginnings', () => {
    const leaking = fc
      .tuple(
        fc.constantFrom('CLAUDE_CODE_', 'ANTHROPIC_', 'CLAUDE_'),
        fc.stringMatching(/^[A-Z0-9_]{1,12}$/),
      )
      .map(([start, end]) => start + end)
      .filter((name) => !['CLAUDE_CONFIG_DIR', 'CLAUDE_CODE_DISABLE_AGENT_VIEW'].includes(name))
    fc.assert(
      fc.property(leaking, (name) => {
        expect(arriving({ [name]: 'x' }, { [name]: 'y' })).not.toHaveProperty(name)
      }),
    )
  })

  test.for(
    leaks.filter((name) => !name.endsWith('NEW') && !/LAB_|PROJECT|CUSTOM|MODEL/.test(name)),
  )('%s is taken away even from a server whose environment cannot be read', (name) => {
    expect(environment({}).unset).toContain(name)
  })

  test("gets no secrets of the service, and the variables of the operator's tools", () => {
    const { env } = environment({
      DATABASE_PASSWORD: 'x',
      CREDENTIALS_DIRECTORY: '/run/credentials',
      NOTIFY_SOCKET: '/run/notify',
      TMUX: '/tmp/s,1,0',
      TMUX_PANE: '%1',
      XPATH: 'x',
      PATH: '/bin',
      HOME: '/home/ann',
      SHELL: '/bin/zsh',
      TZ: 'Africa/Cairo',
      SSH_AUTH_SOCK: '/run/ssh',
      XDG_RUNTIME_DIR: '/run/user/1000',
      NIX_PATH: 'n',
      https_proxy: 'http://proxy',
      GIT_SSH_COMMAND: 'ssh -i key',
      EDITOR: undefined,
    })
    expect(Object.keys(env).sort()).toEqual(
      [
        ['PATH', 'HOME', 'SHELL', 'TZ', 'SSH_AUTH_SOCK', 'XDG_RUNTIME_DIR', 'NIX_PATH'],
        ['https_proxy', 'GIT_SSH_COMMAND', 'LANG', 'DISABLE_AUTOUPDATER'],
        ['LAB_STATE_DIR', 'LAB_INSTANCE', 'CLAUDE_CODE_DISABLE_AGENT_VIEW'],
        ['CLAUDE_CODE_DISABLE_ALTERNATE_SCREEN'],
      ]
        .flat()
        .sort(),
    )
  })

  test('has the variables by which lab and its commands recognise the agent', () => {
    expect(
      arriving({ LAB_INSTANCE: 'outer', LAB_STATE_DIR: '/outer' }, { LAB_INSTANCE: 'old' }),
    ).toMatchObject({
      LAB_INSTANCE: 'the-id',
      LAB_STATE_DIR: '/state',
      DISABLE_AUTOUPDATER: '1',
    })
  })

  test("switches Claude's background view off, whatever lab's and the server's environments hold", () => {
    const given = { CLAUDE_CODE_DISABLE_AGENT_VIEW: '0' }
    expect(arriving(given, given)).toMatchObject({ CLAUDE_CODE_DISABLE_AGENT_VIEW: '1' })
    expect(launchArguments(agent).settings).toMatchObject({ disableAgentView: true })
  })

  test('names the configuration directory only where it was chosen, and never an empty one', () => {
    const given = { CLAUDE_CONFIG_DIR: '/operators' }
    expect(arriving(given, given)).not.toHaveProperty('CLAUDE_CONFIG_DIR')
    expect(arriving(given, given, '')).not.toHaveProperty('CLAUDE_CONFIG_DIR')
    expect(arriving(given, given, '/chosen')).toMatchObject({ CLAUDE_CONFIG_DIR: '/chosen' })
  })

  test.for<[Record<string, string>, Record<string, string>, string]>([
    [{}, {}, 'C.UTF-8'],
    [{ LANG: 'C' }, {}, 'C.UTF-8'],
    [{ LANG: 'en_US.UTF-8' }, {}, 'en_US.UTF-8'],
    [{ LANG: 'de_DE.utf8' }, {}, 'de_DE.utf8'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, {}, 'C.UTF-8'],
    [{ LANG: 'en_US.UTF-8', LC_CTYPE: 'POSIX' }, {}, 'C.UTF-8'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, {}, 'en_US.UTF-8'],
    [{ LANG: 'C', LC_ALL: 'fr_FR.UTF-8' }, {}, 'fr_FR.UTF-8'],
    [{ LANG: 'C', LC_CTYPE: 'C.UTF-8' }, {}, 'C.UTF-8'],
    [{ LANG: 'en_US.UTF-8' }, { LC_ALL: 'C' }, 'en_US.UTF-8'],
    [{}, { LC_CTYPE: 'C', LANG: 'C' }, 'C.UTF-8'],
  ])('has a UTF-8 locale with %j of lab and %j of the server', ([lab, server, locale]) => {
    const { LC_ALL, LC_CTYPE, LANG } = arriving(lab, server)
    // As setlocale(3) decides.
    expect(LC_ALL || LC_CTYPE || LANG).toBe(locale)
  })

  test('never sets and unsets the same variable', () => {
    const names = fc.constantFrom(
      ...leaks,
      'PATH',
      'LC_ALL',
      'LANG',
      'LAB_INSTANCE',
      'CLAUDE_CONFIG_DIR',
    )
    fc.assert(
      fc.property(fc.dictionary(names, fc.string()), fc.array(names), (lab, inherited) => {
        const { env, unset } = environment(lab, { inherited, configDir: '/c' })
        expect(unset.filter((name) => name in env)).toEqual([])
        expect(unset).toEqual([...new Set(unset)].sort())
      }),
    )
  })
})

test('variables that would switch Remote Control off are named, unless they are empty', () => {
  expect(remoteControlBlockers({ ANTHROPIC_API_KEY: 'x', CLAUDE_CODE_OAUTH_TOKEN: '' })).toEqual([
    'ANTHROPIC_API_KEY',
  ])
  const lab = { CLAUDE_CODE_USE_BEDROCK: '1', DISABLE_TELEMETRY: '1', ANTHROPIC_MODEL: 'opus' }
  expect(remoteControlBlockers(lab)).toEqual(['CLAUDE_CODE_USE_BEDROCK', 'DISABLE_TELEMETRY'])
  expect(remoteControlBlockers({ PATH: '/bin' })).toEqual([])
})

test('the paths are in the home directory, or all inside a configuration directory', () => {
  expect(claudePaths({ configDir: null, home: '/home/ann' })).toEqual({
    configDir: null,
    dir: '/home/ann/.claude',
    configFile: '/home/ann/.claude.json',
    sessionsDir: '/home/ann/.claude/sessions',
  })
  expect(claudePaths({ configDir: '/c', home: '/home/ann' })).toEqual({
    configDir: '/c',
    dir: '/c',
    configFile: '/c/.claude.json',
    sessionsDir: '/c/sessions',
  })
})
