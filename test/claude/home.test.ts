// One login's directory behind one object, on a real folder.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import {
  createClaudeHome,
  homeOf,
  registryEntries,
  type ClaudeHome,
} from '../../src/claude/home.ts'
import { put, test as base } from '../fixtures/folder.ts'
import { conversation, fileOf } from '../fixtures/registry.ts'
import { until } from '../fixtures/until.ts'

/** A claude that says in which directory it looks for the login. */
const script = `#!/bin/sh
case $1 in
  --version) echo 2.1.332 ;;
  auth) [ "$CLAUDE_CONFIG_DIR" = "\${0%/*}/work" ] && echo '{"loggedIn":true}' || echo '{"loggedIn":false}' ;;
esac
`

type Open = (account: string, configDir: string | null) => ClaudeHome

const test = base.extend<{ open: Open }>({
  open: async ({ folder }, use) => {
    const opened: ClaudeHome[] = []
    const command = put(join(folder, 'claude'), script, 0o755)
    await use((account, configDir) => {
      const home = createClaudeHome({
        account,
        configDir,
        userHome: folder,
        command,
        environment: { PATH: '/usr/bin:/bin' },
        onProgramChange: () => {},
      })
      opened.push(home)
      return home
    })
    for (const home of opened) home.close()
  },
})

describe('a home', () => {
  test("is in the user's home directory where no directory is named", ({ folder, open }) => {
    const home = open('default', null)
    expect(home.dir).toBe(join(folder, '.claude'))
    expect(home.environment).toEqual({})
    expect(home.loginCommand).toBe('claude auth login')
  })

  test('keeps everything in the named directory, and passes the directory to Claude', async ({
    folder,
    open,
  }) => {
    const dir = join(folder, 'work')
    const home = open('work', dir)
    expect(home.environment).toEqual({ CLAUDE_CONFIG_DIR: dir })
    expect(home.loginCommand).toBe(`CLAUDE_CONFIG_DIR=${dir} claude auth login`)
    await home.trust('/p/foo')
    const config = JSON.parse(readFileSync(join(dir, '.claude.json'), 'utf8'))
    expect(config.projects['/p/foo'].hasTrustDialogAccepted).toBe(true)
    expect((await home.findTranscript(conversation)).state).toBe('none')
    put(join(home.transcriptsDir, '-p-foo', `${conversation}.jsonl`))
    expect((await home.findTranscript(conversation)).state).toBe('there')
  })

  test('knows its own login, whatever the login of another home', async ({ folder, open }) => {
    const [one, other] = [open('default', null), open('work', join(folder, 'work'))]
    one.program.refresh()
    other.program.refresh()
    await until(() => one.program.login() === 'logged_out', { what: 'the answer of one' })
    await until(() => other.program.login() === 'logged_in', { what: 'the answer of the other' })
  })

  test('calls every listener after a change in its registry, and none after its close', async ({
    folder,
    open,
  }) => {
    const home = open('default', null)
    const told = [0, 0]
    home.onRegistryChange(() => told[0]!++)
    home.onRegistryChange(() => told[1]!++)
    put(join(folder, '.claude', 'sessions', '41.json'), fileOf(41))
    home.registry.reconcile()
    expect([...home.registry.entries()].map(({ pid }) => pid)).toEqual([41])
    expect(told[0]).toBeGreaterThan(0)
    expect(told[1]).toBe(told[0])
    home.close()
    const before = [...told]
    put(join(folder, '.claude', 'sessions', '42.json'), fileOf(42))
    home.registry.reconcile()
    expect(told).toEqual(before)
  })
})

describe('several homes', () => {
  test('are found by account, and the first one serves new work and unknown accounts', ({
    folder,
    open,
  }) => {
    const [one, other] = [open('default', null), open('work', join(folder, 'work'))]
    const homes = new Map([one, other].map((home) => [home.account, home]))
    expect(homeOf(homes, 'work')).toBe(other)
    expect(homeOf(homes)).toBe(one)
    expect(homeOf(homes, 'gone')).toBe(one)
  })

  test('list the entries of all their registries', ({ folder, open }) => {
    put(join(folder, '.claude', 'sessions', '41.json'), fileOf(41))
    put(join(folder, 'work', 'sessions', '42.json'), fileOf(42))
    const homes = new Map(
      [open('default', null), open('work', join(folder, 'work'))].map((home) => [
        home.account,
        home,
      ]),
    )
    expect([...registryEntries(homes)].map(({ pid }) => pid)).toEqual([41, 42])
  })
})
