// What the operator is told about lab as a whole.
import { expect, it } from 'vitest'
import type { Login } from '../../src/claude/program.ts'
import type { InstancesDeps } from '../../src/instances/deps.ts'
import { noticesOf } from '../../src/instances/notices.ts'

function codes(claude: { login: Login; lastLogin: Login }): readonly string[] {
  const deps = {
    claude: {
      locate: () => '/claude',
      login: () => claude.login,
      lastLogin: () => claude.lastLogin,
    },
    store: { corruptKeptAt: null },
    launch: { command: 'claude', environment: {} },
    tmux: { version: 'tmux 3.3a' },
  } as unknown as InstancesDeps
  const now = { readable: true, serverVersion: null, running: 0, emptyRoot: null }
  return noticesOf(deps, now).map(({ code }) => code)
}

it('that nobody is logged in is said until another answer comes, however old the last one is', () => {
  expect(codes({ login: 'logged_out', lastLogin: 'logged_out' })).toEqual(['not_logged_in'])
  expect(codes({ login: 'unknown', lastLogin: 'logged_out' })).toEqual(['not_logged_in'])
  expect(codes({ login: 'unknown', lastLogin: 'logged_in' })).toEqual([])
  expect(codes({ login: 'unknown', lastLogin: 'unknown' })).toEqual([])
})
