// The notices about lab as a whole.
import { describe, expect, test } from 'vitest'
import { loginCommand } from '../../../src/claude/paths.ts'
import type { Login } from '../../../src/claude/program.ts'
import type { Notice } from '../../../src/core/instance.ts'
import type { ProjectKey } from '../../../src/core/names.ts'
import { StoreUnwritable } from '../../../src/errors.ts'
import type { InstancesDeps } from '../../../src/instances/state/deps.ts'
import { noticesOf } from '../../../src/instances/state/notices.ts'
import type { SetAside } from '../../../src/store/records.ts'
import type { Misfit } from '../../../src/tmux/tmux.ts'

function noticesWith(
  claude: { login: Login; lastLogin: Login },
  configDir: string | null = null,
  unread: readonly { path: string; reason: string }[] = [],
  misfit: Misfit | null = null,
  failure: StoreUnwritable | null = null,
  setAside: readonly SetAside[] = [],
): readonly Notice[] {
  const program = {
    locate: () => '/claude',
    login: () => claude.login,
    lastLogin: () => claude.lastLogin,
  }
  const deps = {
    homes: new Map([['default', { program, loginCommand: loginCommand({ configDir }) }]]),
    store: { path: '/state/state.json', corruptKeptAt: null, setAside, failure: () => failure },
    launch: { command: 'claude', stateDir: '/state', environment: {} },
    tmux: { version: '3.3a', misfit: () => misfit },
    configFile: { problem: () => null },
  } as unknown as InstancesDeps
  const projects = {
    root: '/srv/projects',
    all: () => [{ key: 'foo' as ProjectKey, path: '/srv/projects/foo' }],
    unread: () => unread,
    rootIsRepository: () => false,
  }
  return noticesOf(deps, { unreadable: null, serverVersion: null, running: 0, projects })
}

function codes(claude: { login: Login; lastLogin: Login }): readonly string[] {
  return noticesWith(claude).map(({ code }) => code)
}

describe('notices', () => {
  test('say that Claude is not logged in until another answer comes, however old the last answer is', () => {
    expect(codes({ login: 'logged_out', lastLogin: 'logged_out' })).toEqual(['not_logged_in'])
    expect(codes({ login: 'unknown', lastLogin: 'logged_out' })).toEqual(['not_logged_in'])
    expect(codes({ login: 'unknown', lastLogin: 'logged_in' })).toEqual([])
    expect(codes({ login: 'unknown', lastLogin: 'unknown' })).toEqual([])
  })

  test.each([
    [null, 'claude auth login'],
    ['/srv/claude', 'CLAUDE_CONFIG_DIR=/srv/claude claude auth login'],
    ["/it's here", "CLAUDE_CONFIG_DIR='/it'\\''s here' claude auth login"],
  ])('name the login command for the directory %j: %s', (configDir, command) => {
    const [notice] = noticesWith({ login: 'logged_out', lastLogin: 'logged_out' }, configDir)
    expect(notice).toMatchObject({ code: 'not_logged_in', commands: [command] })
    expect(notice?.message).toContain(`\`${command}\``)
  })

  test('name the folders that lab cannot read, with the reason and the remedy', () => {
    const loggedIn = { login: 'logged_in', lastLogin: 'logged_in' } as const
    const unread = [
      { path: 'closed', reason: 'EACCES' },
      { path: 'dead', reason: 'does not answer' },
    ]
    expect(noticesWith(loggedIn, null, [])).toEqual([])
    const [notice] = noticesWith(loggedIn, null, unread)
    expect(notice?.code).toBe('projects_unread')
    expect(notice?.message).toContain('/srv/projects')
    expect(notice?.message).toContain('closed (no permission), dead (does not answer)')
    expect(notice?.message).toContain('right to read')
    const many = Array.from({ length: 9 }, (_, i) => ({ path: `p${i}`, reason: 'EACCES' }))
    expect(noticesWith(loggedIn, null, many)[0]?.message).toMatch(/p4 \(no permission\) and 4 more/)
  })

  test.each([
    [{ server: '3.5a', isBridged: true }, ['is 3.5a', 'is 3.3a', "the server's own program"]],
    [{ server: '3.8', isBridged: false }, ['is 3.8', 'no terminal can be attached. Install']],
    [
      { server: null, isBridged: false },
      ['does not understand', 'the state of the instances is unknown'],
    ],
  ])(
    'name a tmux server that does not understand the installed tmux (%j), with what works and the remedy',
    (misfit, words) => {
      const loggedIn = { login: 'logged_in', lastLogin: 'logged_in' } as const
      const [notice, ...others] = noticesWith(loggedIn, null, [], misfit)
      expect(notice?.code).toBe('tmux_misfit')
      expect(others).toEqual([])
      for (const word of [...words, 'Restart the server']) expect(notice?.message).toContain(word)
    },
  )

  test('name a store that lab cannot write, with the remedy', () => {
    const cause = Object.assign(new Error('full'), { code: 'ENOSPC' })
    const failure = new StoreUnwritable('/state/state.json', { cause })
    const loggedIn = { login: 'logged_in', lastLogin: 'logged_in' } as const
    const [notice] = noticesWith(loggedIn, null, [], null, failure)
    expect(notice).toMatchObject({ code: 'store_unwritable' })
    expect(notice?.message).toMatch(/^lab cannot write to \/state, .* No space is left on its disk/)
  })

  test('name the records that lab cannot read, the file that keeps them, and the remedy', () => {
    const loggedIn = { login: 'logged_in', lastLogin: 'logged_in' } as const
    const setAside = ['foo', 'bar', 'api', 'web'].map((name) => ({
      record: `instance ${name}`,
      field: name === 'foo' ? 'ended.state' : '',
      problem: 'Invalid option',
    }))
    const [notice, ...others] = noticesWith(loggedIn, null, [], null, null, setAside)
    expect(others).toEqual([])
    expect(notice?.code).toBe('store_records_unread')
    expect(notice?.message).toContain('some records in /state/state.json')
    expect(notice?.message).toContain(
      'instance foo (ended.state), instance bar, instance api and 1 more.',
    )
    expect(notice?.message).toContain('start that lab, or stop lab and repair the file')
  })
})
