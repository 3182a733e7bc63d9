import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { until } from '../fixtures/until.ts'
import { test, type Stage } from './stage.ts'

function untrusted(stage: Stage): string {
  const folder = join(stage.dir, 'stranger')
  mkdirSync(folder)
  return folder
}

describe('the trust dialog', () => {
  test('preselects "No, exit", so that a blind Enter ends the start', async ({ stage }) => {
    const actor = await stage.start([], { cwd: untrusted(stage) })
    await actor.shows(/^ Accessing workspace:$/)
    await actor.shows(/^ ❯ No, exit$/)
    expect(existsSync(stage.sessions)).toBe(false)
    await actor.keys('Enter')
    expect(await actor.ended()).toBe(1)
    await actor.shows(/^Claude Code didn't start because this folder isn't trusted\.$/)
  })

  test('records a yes and keeps the other keys of the file', async ({ stage }) => {
    const cwd = untrusted(stage)
    const actor = await stage.start([], { cwd })
    await actor.shows(/Yes, I trust this folder/)
    await actor.keys('Down')
    await actor.shows(/^ ❯ Yes, I trust this folder$/)
    await actor.keys('Enter')
    await actor.is('idle')
    const written = JSON.parse(readFileSync(join(stage.home, '.claude.json'), 'utf8')) as unknown
    expect(written).toMatchObject({
      theme: 'dark',
      projects: {
        [stage.project]: { hasTrustDialogAccepted: true },
        [cwd]: { hasTrustDialogAccepted: true },
      },
    })
  })

  test('stays closed for a folder below a trusted folder', async ({ stage }) => {
    const cwd = join(stage.project, 'below')
    mkdirSync(cwd)
    const actor = await stage.start([], { cwd })
    await actor.is('idle')
  })
})

describe('a first start', () => {
  test('asks for a theme, and for a login when there is none', async ({ stage }) => {
    stage.seed({ onboarded: false, trusted: [stage.project] })
    stage.behave({ loggedIn: false })
    const actor = await stage.start([])
    await actor.shows(/^ Choose the text style that looks best with your terminal$/)
    expect(existsSync(stage.sessions)).toBe(false)
    await actor.keys('Enter')
    await actor.shows(/^ {2}Select login method:$/)
    await actor.keys('Enter')
    await actor.is('idle')
  })

  test('asks about a new MCP server and preselects "no"', async ({ stage }) => {
    const servers = { mcpServers: { foo: { command: 'true' } } }
    writeFileSync(join(stage.project, '.mcp.json'), JSON.stringify(servers))
    const actor = await stage.start([])
    await actor.shows(/^ {2}New MCP server found in this project: foo$/)
    await actor.keys('Enter')
    await actor.is('idle')
    const answer = readFileSync(join(stage.project, '.claude/settings.local.json'), 'utf8')
    expect(JSON.parse(answer)).toEqual({ disabledMcpjsonServers: ['foo'] })
  })
})

describe('a permission dialog', () => {
  test('ignores Enter at first, and takes it as a yes later', async ({ stage }) => {
    stage.behave({ permissions: 'manual', deafMs: 3000 })
    const actor = await stage.ready()
    const made = join(stage.project, 'made')
    await actor.say('TOOL bash touch made')
    await actor.is('waiting')
    await actor.keys('Enter')
    // The stand-in reads keys in order, so it read the first Enter before Down.
    await actor.keys('Down')
    await actor.shows(/^ ❯ 2\. Yes, and always allow/)
    expect(existsSync(made)).toBe(false)
    await until(
      async () => {
        await actor.keys('Enter')
        return actor.registry()?.status !== 'waiting' && existsSync(made)
      },
      { what: 'an Enter that counts' },
    )
    await actor.is('idle')
  })

  test('takes a digit, and "No" is option 4 for a shell command', async ({ stage }) => {
    stage.behave({ permissions: 'manual', deafMs: 0 })
    const actor = await stage.ready()
    await actor.say('TOOL bash touch made')
    await actor.shows(/^ {3}4\. No$/)
    await actor.keys('4')
    await actor.is('idle')
    expect(existsSync(join(stage.project, 'made'))).toBe(false)
  })

  test('stays closed for a command that changes nothing, and in auto mode', async ({ stage }) => {
    const auto = await stage.ready()
    await auto.say('TOOL bash touch made')
    await auto.shows(/^● done$/)
    expect(existsSync(join(stage.project, 'made'))).toBe(true)
    const manual = await stage.ready('--permission-mode', 'default')
    await manual.say('TOOL bash echo hello')
    await manual.shows(/^● done$/)
  })

  test('shows the edit, and leaves the file unchanged at Escape', async ({ stage }) => {
    stage.behave({ permissions: 'manual', deafMs: 0 })
    const file = join(stage.project, 'a.txt')
    writeFileSync(file, 'hello\nworld\n')
    const actor = await stage.ready()
    await actor.say('TOOL edit a.txt')
    await actor.shows(/^ Do you want to make this edit to a\.txt\?$/)
    await actor.shows(/^ 1 -hello$/)
    await actor.keys('Escape')
    await actor.shows(/Rejected update to a\.txt/)
    expect(readFileSync(file, 'utf8')).toBe('hello\nworld\n')
    await actor.say('TOOL edit a.txt')
    await actor.is('waiting')
    await actor.keys('1')
    await actor.is('idle')
    expect(readFileSync(file, 'utf8')).toMatch(/^edited \d+\nworld\n$/)
  })

  test('drops pasted text, and takes the Enter after it as a yes', async ({ stage }) => {
    stage.behave({ permissions: 'manual', deafMs: 0 })
    const actor = await stage.ready()
    await actor.say('TOOL bash touch made')
    await actor.is('waiting')
    await stage.sandbox.tmux('set-buffer', '-b', 'b', 'SAY not typed')
    await stage.sandbox.tmux('paste-buffer', '-p', '-r', '-b', 'b', '-t', '=s1:')
    await actor.keys('Enter')
    await actor.is('idle')
    expect(existsSync(join(stage.project, 'made'))).toBe(true)
    expect((await actor.screen()).join('\n')).not.toContain('not typed')
  })
})

describe('a question', () => {
  test('takes the selected option at Enter', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say('TOOL ask')
    await actor.shows(/^❯ 1\. Red$/)
    await actor.keys('Down', 'Enter')
    await actor.shows(/· Which colour 1\? → Blue$/)
  })
})
