// Finding claude and asking it, with shell scripts that answer as it does.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, vi } from 'vitest'
import { createClaudeProgram, locate, parseLogin } from '../../src/claude/program.ts'
import { put, test } from '../fixtures/folder.ts'

const script = `#!/bin/sh
# Answers from the files next to it and records every call.
here=\${0%/*}
echo "$* [$PWD]" >> "$here/calls"
case $1 in
  --version) echo "\`cat "$here/version"\` (Claude Code)" ;;
  auth) cat "$here/login"; [ ! -e "$here/logged-out" ] ;;
esac
`

// The child lives as long as the test's folder.
const holding = `#!/bin/sh
(while [ -e "$0" ]; do sleep 0.1; done) &
echo '{"loggedIn":true}'
`

/** Puts a claude that answers into `folder/bin`, and a program that asks it. */
function install(folder: string, { timeoutMs = 20_000, text = script } = {}) {
  const bin = join(folder, 'bin')
  const path = put(join(bin, 'claude'), text, 0o755)
  put(join(bin, 'version'), '2.1.329')
  put(join(bin, 'login'), '{"loggedIn": true}')
  put(join(bin, 'calls'))
  const onChange = vi.fn<() => void>()
  const env = { PATH: `${bin}:/usr/bin:/bin` }
  const claude = createClaudeProgram({ command: 'claude', env, onChange, timeoutMs })
  const calls = (): string[] => readFileSync(join(bin, 'calls'), 'utf8').split('\n').slice(0, -1)
  return { bin, path, claude, onChange, calls }
}

// Only the tests move the clock here; processes and timers are real.
beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

/** Like `until`, whose clock does not move here. */
async function eventually(what: string, fn: () => boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (fn()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`not within 20 s: ${what}`)
}

describe('the claude program', () => {
  test('is unknown until its answer, and no caller waits for the answer', async ({ folder }) => {
    const { claude, onChange, path } = install(folder)
    expect([claude.locate(), claude.version(), claude.login()]).toEqual([path, null, 'unknown'])
    claude.refresh()
    expect([claude.version(), claude.login()]).toEqual([null, 'unknown'])
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    expect([claude.version(), claude.login()]).toEqual(['2.1.329', 'logged_in'])
    expect(onChange).toHaveBeenCalledTimes(1)
  })

  test('is logged out although claude exits with 1', async ({ folder }) => {
    const { claude, bin, onChange } = install(folder)
    put(join(bin, 'login'), '{"loggedIn": false, "authMethod": "none"}')
    put(join(bin, 'logged-out'))
    claude.refresh()
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    expect(claude.login()).toBe('logged_out')
  })

  test('runs outside any project', async ({ folder }) => {
    const { claude, calls, onChange } = install(folder)
    claude.refresh()
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    expect(calls()).toEqual(['--version [/]', 'auth status --json [/]'])
  })

  test('gets the environment of the agents and nothing more', async ({ folder }) => {
    const bin = join(folder, 'bin')
    vi.stubEnv('ANTHROPIC_API_KEY', 'secret')
    const env = { PATH: `${bin}:/usr/bin:/bin`, CLAUDE_CONFIG_DIR: '/c' }
    const text = '#!/bin/sh\nenv > "${0%/*}/$1.env"\n'
    put(join(bin, 'claude'), text, 0o755)
    createClaudeProgram({ command: 'claude', env, onChange: () => {} }).refresh()
    await eventually('both calls', () => existsSync(join(bin, 'auth.env')))
    vi.unstubAllEnvs()
    const seen = readFileSync(join(bin, '--version.env'), 'utf8')
    expect(seen).toContain('CLAUDE_CONFIG_DIR=/c\n')
    expect(seen).not.toContain('secret')
  })

  test('is believed for 30 s and called again in the second half of that', async ({ folder }) => {
    const { claude, onChange, calls, bin } = install(folder)
    claude.refresh()
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    vi.advanceTimersByTime(14_999)
    claude.refresh()
    vi.advanceTimersByTime(15_000)
    expect(claude.login()).toBe('logged_in')
    vi.advanceTimersByTime(1)
    expect(claude.login()).toBe('unknown')
    expect(claude.version()).toBe('2.1.329')
    expect(calls()).toHaveLength(2)
    claude.refresh()
    await eventually('an answer', () => claude.login() === 'logged_in')
    put(join(bin, 'login'), '{"loggedIn": false}')
    vi.advanceTimersByTime(15_000)
    claude.refresh()
    claude.refresh()
    await eventually('another answer', () => claude.login() === 'logged_out')
    // Asked once each time, for the login alone.
    expect(calls()).toHaveLength(4)
    expect(onChange).toHaveBeenCalledTimes(2)
  })

  test('keeps the last answer when lab no longer believes it', async ({ folder }) => {
    const { claude, onChange, bin } = install(folder)
    put(join(bin, 'login'), '{"loggedIn": false}')
    expect(claude.lastLogin()).toBe('unknown')
    claude.refresh()
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    vi.advanceTimersByTime(3_600_000)
    expect([claude.login(), claude.lastLogin()]).toEqual(['unknown', 'logged_out'])
  })

  test('does not report the same answer as a change', async ({ folder }) => {
    const { claude, onChange, calls } = install(folder)
    claude.refresh()
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    vi.advanceTimersByTime(30_000)
    claude.refresh()
    await eventually('the answer again', () => claude.login() === 'logged_in')
    expect(calls()).toHaveLength(3)
    expect(onChange).toHaveBeenCalledTimes(1)
  })

  test('is asked for its version again after an update, or without an answer', async ({
    folder,
  }) => {
    const { claude, onChange, bin, path } = install(folder)
    put(join(bin, 'version'), 'no idea')
    claude.refresh()
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    expect(claude.version()).toBeNull()
    for (const version of ['2.1.329', '2.2.0-beta.1']) {
      put(join(bin, 'version'), version)
      // The first time it is the same program that has found its words.
      if (version !== '2.1.329') renameSync(put(`${path}.new`, script, 0o755), path)
      vi.advanceTimersByTime(30_000)
      claude.refresh()
      await eventually('the version', () => claude.version() === version)
      await eventually('the login', () => claude.login() === 'logged_in')
    }
  })

  test('is not called while it is missing, and found once it is installed', async ({ folder }) => {
    const { claude, onChange, path } = install(folder)
    renameSync(path, `${path}.away`)
    claude.refresh()
    expect(claude.locate()).toBeNull()
    renameSync(`${path}.away`, path)
    expect(claude.locate()).toBe(path)
    claude.refresh()
    await eventually('an answer', () => onChange.mock.calls.length > 0)
    expect(claude.login()).toBe('logged_in')
  })

  test.for([
    ['does not end', '#!/bin/sh\ntrap "" TERM\nexec sleep 1000\n', 'unknown', 300],
    ['leaves a child that holds its output', holding, 'logged_in', 20_000],
    ['cannot be run after all', '#!/nonexistent\n', 'unknown', 20_000],
    ['says nothing', '#!/bin/sh\nexit 0\n', 'unknown', 20_000],
    ['says too much', '#!/bin/sh\nhead -c 1000000 /dev/zero\n', 'unknown', 20_000],
  ] as const)('a claude that %s holds up nothing, now or later', async (given, { folder }) => {
    const [, text, login, timeoutMs] = given
    const { claude, bin, path } = install(folder, { text, timeoutMs })
    claude.refresh()
    claude.refresh()
    expect(claude.login()).toBe('unknown')
    await eventually(login, () => claude.login() === login)
    renameSync(put(join(bin, 'new'), script, 0o755), path)
    await eventually('the next claude', () => {
      vi.advanceTimersByTime(30_000)
      claude.refresh()
      return claude.version() === '2.1.329'
    })
  })
})

test.for([
  ['{"loggedIn":true}', 'logged_in'],
  ['{"loggedIn":false,"authMethod":"none","apiProvider":"firstParty"}\n', 'logged_out'],
  ['{"loggedIn":"true"}', 'unknown'],
  ['{"loggedIn":null}', 'unknown'],
  ['{}', 'unknown'],
  ['null', 'unknown'],
  ['[]', 'unknown'],
  ['', 'unknown'],
  ['Not logged in', 'unknown'],
  ['{"loggedIn":true', 'unknown'],
] as const)('the answer %j means %s', ([stdout, login]) => {
  expect(parseLogin(stdout)).toBe(login)
})

describe('locate', () => {
  test('looks for a name along the path, in its order', ({ folder }) => {
    const first = put(join(folder, 'a', 'claude'), '', 0o755)
    const second = put(join(folder, 'b', 'claude'), '', 0o755)
    expect(locate('claude', `${folder}/a:${folder}/b`)).toBe(first)
    expect(locate('claude', `${folder}/b:${folder}/a`)).toBe(second)
    expect(locate('claude', `/nonexistent::${folder}/b`)).toBe(second)
    expect(locate('claude', '')).toBeNull()
    expect(locate('', `${folder}/a`)).toBeNull()
  })

  test('passes over folders, plain files and broken links', ({ folder }) => {
    mkdirSync(join(folder, 'a', 'claude'), { recursive: true })
    put(join(folder, 'b', 'claude'), '', 0o644)
    mkdirSync(join(folder, 'c'))
    symlinkSync('nothing', join(folder, 'c', 'claude'))
    const path = ['a', 'b', 'c', 'd'].map((name) => join(folder, name)).join(':')
    expect(locate('claude', path)).toBeNull()
    const real = put(join(folder, 'real'), '', 0o755)
    mkdirSync(join(folder, 'd'))
    symlinkSync(real, join(folder, 'd', 'claude'))
    expect(locate('claude', path)).toBe(join(folder, 'd', 'claude'))
    chmodSync(real, 0o600)
    expect(locate('claude', path)).toBeNull()
  })

  test('takes no relative path: neither in PATH nor as the command', ({ folder }) => {
    put(join(folder, 'claude'), '', 0o755)
    const before = process.cwd()
    process.chdir(folder)
    try {
      expect(locate('claude', '.:')).toBeNull()
      expect(locate('./claude', folder)).toBeNull()
    } finally {
      process.chdir(before)
    }
    expect(locate(join(folder, 'claude'), '')).toBe(join(folder, 'claude'))
  })
})
