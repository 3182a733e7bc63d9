import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { until } from '../fixtures/until.ts'
import { readRegistry, test } from './stage.ts'

const conversation = '11111111-1111-4111-8111-111111111111'

// Taken from Claude Code's files, in their order.
const beforeStatus = [
  'pid', 'sessionId', 'cwd', 'startedAt', 'procStart', 'version', 'peerProtocol', 'peerFeatures',
  'kind', 'entrypoint', 'pidDomain', 'asksForConvertedSkills', 'messagingSocketPath', 'name',
  'nameSource', 'nameSince',
] // prettier-ignore
const withStatus = [...beforeStatus, 'updatedAt', 'status', 'statusUpdatedAt']

function isCut(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch {
    return true
  }
}

describe('the registry file', () => {
  test('has the fields of Claude Code, and no deep link without --remote-control', async ({
    stage,
  }) => {
    const actor = await stage.start(['--name', 'foo', '--session-id', conversation])
    const registry = await actor.is('idle')
    expect(Object.keys(registry)).toEqual(withStatus)
    expect(registry).toMatchObject({
      pid: actor.pid,
      sessionId: conversation,
      cwd: stage.project,
      kind: 'interactive',
      name: 'foo',
      nameSource: 'user',
    })
    const stat = readFileSync(`/proc/${actor.pid}/stat`, 'utf8')
    expect(registry['procStart']).toBe(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    expect(statSync(stage.sessions).mode & 0o777).toBe(0o700)
    const names = readdirSync(stage.sessions).map((name) => name.replace(/\.[0-9a-f]{64}\./, '.#.'))
    expect(names.sort()).toEqual([`${actor.pid}.#.key`, `${actor.pid}.json`])
  })

  test('appears before its status, with a derived name first', async ({ stage }) => {
    stage.behave({ startMs: 60_000, writeGapMs: 700 })
    const actor = await stage.start(['--name', 'foo'])
    const first = await until(() => actor.registry(), { what: 'a first whole file' })
    expect(Object.keys(first)).toEqual(beforeStatus)
    expect(first['name']).toMatch(/^proj-[0-9a-f]{2}$/)
    expect(first['nameSource']).toBe('derived')
    const named = await until(
      () => {
        const registry = actor.registry()
        return registry?.['name'] === 'foo' ? registry : null
      },
      { what: 'the given name' },
    )
    expect(named).not.toHaveProperty('status')
  })

  test('is empty or cut in half during a write, and keeps its inode', async ({ stage }) => {
    stage.behave({ writeGapMs: 700 })
    const actor = await stage.ready()
    const file = join(stage.sessions, `${actor.pid}.json`)
    const { ino } = statSync(file)
    await actor.say('SLOW 30')
    await until(() => isCut(readFileSync(file, 'utf8')), { what: 'half a file' })
    await actor.is('busy')
    expect(statSync(file).ino).toBe(ino)
  })

  test('follows a turn: idle, busy, idle, with the time of each change', async ({ stage }) => {
    const actor = await stage.start([])
    const idle = await actor.is('idle')
    await actor.say(`TOOL bash ${stage.gate.command}`)
    const busy = await actor.is('busy')
    expect(busy['statusUpdatedAt']).toBeGreaterThan(idle['statusUpdatedAt'] as number)
    stage.gate.letGo()
    expect(await actor.is('idle')).not.toHaveProperty('waitingFor')
  })

  test('names what a dialog waits for, in the words of Claude Code', async ({ stage }) => {
    stage.behave({ permissions: 'manual' })
    const actor = await stage.ready()
    for (const [typed, waitingFor] of [
      ['TOOL bash touch x', 'permission prompt'],
      ['TOOL write new.txt', 'permission prompt'],
      ['TOOL ask', 'input needed'],
      ['/model', 'dialog open'],
    ] as const) {
      await actor.say(typed)
      expect(await actor.is('waiting')).toMatchObject({ waitingFor })
      await actor.keys('Escape')
      expect(await actor.is('idle')).not.toHaveProperty('waitingFor')
    }
  })

  test('has the status shell while a background command runs, whose end starts a turn', async ({
    stage,
  }) => {
    const actor = await stage.ready()
    await actor.say(`TOOL bg ${stage.gate.command}`)
    await actor.is('shell')
    stage.gate.letGo()
    await actor.shows(/Background command "mock background" completed \(exit code 0\)/)
    await actor.is('idle')
  })

  test('keeps the pid and the time of the status when /clear changes the conversation', async ({
    stage,
  }) => {
    const actor = await stage.start(['--session-id', conversation])
    const before = await actor.is('idle')
    await actor.say('/clear')
    const after = await until(
      () => {
        const now = actor.registry()
        return now && now['sessionId'] !== conversation ? now : null
      },
      { what: 'another conversation' },
    )
    expect(after).toMatchObject({ pid: actor.pid, statusUpdatedAt: before['statusUpdatedAt'] })
  })

  test('is in CLAUDE_CONFIG_DIR when that is set', async ({ stage }) => {
    const own = join(stage.dir, 'own')
    const env = { CLAUDE_CONFIG_DIR: own }
    const actor = await stage.start([], { env })
    // The stand-in then ignores ~/.claude.json, which records the onboarding.
    await actor.shows(/Choose the text style/)
    await actor.keys('Enter')
    await actor.shows(/Select login method/)
    await actor.keys('Enter')
    await actor.shows(/Accessing workspace/)
    await actor.keys('Down', 'Enter')
    await until(() => readRegistry(join(own, 'sessions'), actor.pid)?.status === 'idle', {
      what: 'idle in CLAUDE_CONFIG_DIR',
    })
    expect(readdirSync(own)).toContain('.claude.json')
  })

  test('has no status in the form of an older version', async ({ stage }) => {
    stage.behave({ registry: 'no-status' })
    const actor = await stage.start(['--name', 'foo'])
    await actor.titled('✳ foo')
    const named = await until(() => actor.registry(), { what: 'a whole file' })
    expect(named).not.toHaveProperty('status')
  })
})

describe('the deep link', () => {
  test('appears after the prompt, and changes and goes at LINK', async ({ stage }) => {
    stage.behave({ linkAfterMs: 300 })
    const actor = await stage.ready('--remote-control', 'foo')
    const link = () => actor.registry()?.['bridgeSessionId'] as string | undefined
    const first = await until(link, { what: 'a link' })
    expect(first).toMatch(/^cse_01[1-9A-Za-z]{22}$/)
    const linked = await actor.is('idle')
    const wait = (linked['updatedAt'] as number) - (linked['statusUpdatedAt'] as number)
    expect(wait).toBeGreaterThanOrEqual(299)
    await actor.say('LINK rotate')
    await until(() => link() !== undefined && link() !== first, { what: 'another link' })
    await actor.say('LINK lose')
    await until(
      () => {
        const registry = actor.registry()
        return registry !== null && !('bridgeSessionId' in registry)
      },
      { what: 'no link' },
    )
  })

  test('never appears without a login', async ({ stage }) => {
    stage.behave({ loggedIn: false, linkAfterMs: 0 })
    const actor = await stage.ready('--remote-control', 'foo')
    await actor.say('SAY hello')
    await actor.shows(/^ {2}⎿ {2}Not logged in · Please run \/login$/)
    expect(await actor.is('idle')).not.toHaveProperty('bridgeSessionId')
  })
})

describe('the title', () => {
  test('moves during a turn, on the alternate screen, when tmux is hidden', async ({ stage }) => {
    stage.behave({ titleMs: 50 })
    const actor = await stage.ready('--name', 'foo')
    await actor.titled('✳ foo')
    await actor.say('SLOW 30')
    await actor.titled('◐ foo')
    await actor.titled('◑ foo')
    await actor.keys('Escape')
    await actor.titled('✳ foo')
    expect(await actor.pane('#{alternate_on}')).toBe('1')
    expect(await actor.is('idle')).not.toHaveProperty('tmux')
  })

  test('keeps still when tmux is visible, and the registry names the pane', async ({ stage }) => {
    const actor = await stage.start(['--name', 'foo'], { seesTmux: true })
    await actor.is('idle')
    await actor.titled('✳ foo')
    await actor.say('SLOW 30')
    const busy = await actor.is('busy')
    await actor.shows(/^● chunk 0/)
    expect(await actor.title()).toBe('✳ foo')
    expect(await actor.pane('#{alternate_on}')).toBe('0')
    expect(busy['tmux']).toMatch(/^s1:@\d+\.%\d+$/)
  })
})
