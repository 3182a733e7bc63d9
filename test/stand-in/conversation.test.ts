import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { mungeCwd } from '../../src/stand-in/files/transcript.ts'
import { until } from '../fixtures/until.ts'
import { test, type Stage } from './stage.ts'

const conversation = '11111111-1111-4111-8111-111111111111'
const other = '22222222-2222-4222-8222-222222222222'

const fileOf = (stage: Stage, id: string, cwd = stage.project) =>
  join(stage.configDir, 'projects', mungeCwd(cwd), `${id}.jsonl`)
const records = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** The records of what was said, without those about the session. */
const messages = (file: string): readonly Record<string, unknown>[] =>
  records(file).filter(({ type }) => type === 'user' || type === 'assistant')

async function talk(stage: Stage): Promise<void> {
  const actor = await stage.ready('--session-id', conversation)
  expect(existsSync(fileOf(stage, conversation))).toBe(false)
  await actor.say('SAY remember me')
  await actor.shows(/^● remember me$/)
  await actor.say('/exit')
  await actor.ended()
}

describe('a transcript', () => {
  test('begins at the first prompt and names the conversation in each record', async ({
    stage,
  }) => {
    await talk(stage)
    const [asked, answered] = records(fileOf(stage, conversation))
    expect(asked).toMatchObject({
      type: 'user',
      parentUuid: null,
      message: { role: 'user', content: 'SAY remember me' },
      cwd: stage.project,
      sessionId: conversation,
    })
    expect(answered).toMatchObject({
      type: 'assistant',
      parentUuid: asked!['uuid'],
      message: { content: [{ type: 'text', text: 'remember me' }] },
    })
  })

  test('records a usage limit as Claude Code does', async ({ stage }) => {
    const actor = await stage.ready('--session-id', conversation)
    await actor.say('ERR 429')
    await actor.shows(/^ {2}⎿ {2}You've hit your 5-hour limit · resets \d+:\d\d[ap]m \(UTC\)$/)
    await actor.is('idle')
    expect(records(fileOf(stage, conversation)).at(-1)).toMatchObject({
      isApiErrorMessage: true,
      apiErrorStatus: 429,
      apiError: 'usage_limit_reached',
      quotaLimits: { rateLimitType: 'five_hour' },
    })
  })
})

describe('a weekly limit', () => {
  test('opens a dialog after the turn', async ({ stage }) => {
    const actor = await stage.ready('--session-id', conversation)
    await actor.say('ERR 429 7200 seven_day')
    await actor.shows(
      /You've hit your weekly limit · resets [A-Z][a-z]+ \d+, \d+:\d\d[ap]m \(UTC\)$/,
    )
    expect(await actor.is('waiting')).toMatchObject({ waitingFor: 'dialog open' })
    await actor.shows(/^ ❯ 1\. Stop and wait$/)
    expect(records(fileOf(stage, conversation)).at(-1)).toMatchObject({
      quotaLimits: { rateLimitType: 'seven_day' },
    })
  })
})

describe('a resume', () => {
  test('shows the conversation, keeps its id and appends to its file', async ({ stage }) => {
    await talk(stage)
    const actor = await stage.ready('--resume', conversation)
    await actor.shows(/^● remember me$/)
    expect(await actor.is('idle')).toMatchObject({ sessionId: conversation })
    await actor.say('SAY more')
    await actor.shows(/^● more$/)
    expect(messages(fileOf(stage, conversation))).toHaveLength(4)
  })

  test('runs in another folder and still writes to the first file', async ({ stage }) => {
    await talk(stage)
    const cwd = join(stage.project, 'elsewhere')
    mkdirSync(cwd)
    const actor = await stage.start(['--resume', conversation], { cwd })
    expect(await actor.is('idle')).toMatchObject({ cwd })
    await actor.say('SAY more')
    await actor.shows(/^● more$/)
    expect(messages(fileOf(stage, conversation))).toHaveLength(4)
    expect(existsSync(fileOf(stage, conversation, cwd))).toBe(false)
  })

  test('continues under the new id with --fork-session', async ({ stage }) => {
    await talk(stage)
    const actor = await stage.ready(
      '--resume',
      conversation,
      '--fork-session',
      '--session-id',
      other,
    )
    expect(await actor.is('idle')).toMatchObject({ sessionId: other })
    await actor.say('SAY more')
    await actor.shows(/^● more$/)
    expect(messages(fileOf(stage, conversation))).toHaveLength(2)
    expect(messages(fileOf(stage, other))).toHaveLength(4)
  })

  test('opens the picker without a session id, and writes no status then', async ({ stage }) => {
    const actor = await stage.start(['--resume', 'notauuid'])
    await actor.shows(/^ {2}Resume session$/)
    const registry = await until(() => actor.registry(), { what: 'the registry file' })
    expect(registry).not.toHaveProperty('status')
  })
})

describe('a start', () => {
  for (const [args, line] of [
    [['--resume', other], `No conversation found with session ID: ${other}`],
    [['--session-id', 'notauuid'], 'Error: Invalid session ID. Must be a valid UUID.'],
    [['--bogus-flag'], "error: unknown option '--bogus-flag'"],
    [['--settings', '/missing.json'], 'Error: Settings file not found: /missing.json'],
    [
      ['--session-id', other, '--resume', conversation],
      'Error: --session-id with --continue or --resume also needs --fork-session.',
    ],
  ] as const)
    test(`exits 1 and names the reason when it gets ${args.join(' ')}`, async ({ stage }) => {
      const actor = await stage.start(args)
      expect(await actor.ended()).toBe(1)
      await actor.shows(line)
    })

  test('exits 1 when the session id is in use', async ({ stage }) => {
    await talk(stage)
    const actor = await stage.start(['--session-id', conversation])
    expect(await actor.ended()).toBe(1)
    await actor.shows(new RegExp(`^Error: Session ID ${conversation} is already in use\\.$`))
  })
})

describe('a prompt', () => {
  test('waits in the queue during a turn, and gets its answer in order', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say(`TOOL bash ${stage.gate.command} ;; SAY first`)
    await actor.is('busy')
    await actor.say('SAY second')
    await actor.shows(/Queued/)
    stage.gate.letGo()
    await actor.shows(/^● second$/)
    const answers = (await actor.screen()).filter((line) => /^● (first|second)$/.test(line))
    expect(answers).toEqual(['● first', '● second'])
  })

  test('stays a draft when the user submits it too early', async ({ stage }) => {
    stage.behave({ promptOnce: stage.gate.file, startMs: 1000 })
    const actor = await stage.start([])
    await until(() => actor.registry(), { what: 'the registry file' })
    await actor.say('SAY early')
    stage.gate.letGo()
    await actor.is('idle')
    await actor.shows(/^❯\u00a0SAY early/)
    await actor.keys('Enter')
    await actor.shows(/^● early$/)
  })

  test('keeps all its lines when it arrives by bracketed paste', async ({ stage }) => {
    const actor = await stage.ready('--session-id', conversation)
    await stage.sandbox.tmux('set-buffer', '-b', 'b', 'one\ntwo ü\nSAY pasted')
    await stage.sandbox.tmux('paste-buffer', '-p', '-r', '-d', '-b', 'b', '-t', '=s1:')
    await actor.shows(/^ {2}SAY pasted/)
    await actor.keys('Enter')
    await actor.shows(/^● pasted$/)
    expect(records(fileOf(stage, conversation))[0]).toMatchObject({
      message: { content: 'one\ntwo ü\nSAY pasted' },
    })
  })

  test('returns as a draft after an early interrupt, and stays submitted after a later one', async ({
    stage,
  }) => {
    const actor = await stage.ready()
    await actor.say('HANG')
    await actor.is('busy')
    await actor.keys('Escape')
    await actor.is('idle')
    await actor.shows(/^❯\u00a0HANG/)
    await actor.keys('C-u')
    await actor.say('SLOW 30')
    await actor.shows(/^● chunk 0 chunk 1/)
    await actor.keys('Escape')
    await actor.shows(/^ {2}⎿ {2}Interrupted · What should Claude do instead\?$/)
  })

  test('gets ten retries after a 500, with the status busy until the end', async ({ stage }) => {
    const retryMs = 10
    stage.behave({ retryMs })
    const actor = await stage.ready()
    await actor.say('ERR 500')
    const busy = await actor.is('busy')
    await actor.shows(/^✻ 500 Internal server error · retrying in \d+s · attempt \d+\/10$/)
    await actor.shows(/API Error: 500 Internal server error/)
    const idle = await actor.is('idle')
    // The registry keeps the time of the last change, so no other status came between these two.
    const busyMs = Number(idle['statusUpdatedAt']) - Number(busy['statusUpdatedAt'])
    expect(busyMs).toBeGreaterThan(319 * retryMs * 0.9)
  })

  test('runs the hooks of a settings file, also from the queue', async ({ stage }) => {
    const log = join(stage.dir, 'hooks.log')
    const settings = join(stage.dir, 'settings.json')
    // One write per hook, because two hooks may run at once.
    const command = `printf '%s\\n' "$(cat)" >>${log}`
    const hook = [{ hooks: [{ type: 'command', command }] }]
    writeFileSync(settings, JSON.stringify({ hooks: { UserPromptSubmit: hook, Stop: hook } }))
    const actor = await stage.ready('--settings', settings, '--session-id', conversation)
    const first = `TOOL bash ${stage.gate.command}`
    await actor.say(first)
    await actor.is('busy')
    await actor.say('SAY second')
    await until(() => records(log).length === 2, { what: 'both prompts' })
    stage.gate.letGo()
    await actor.shows(/^● second$/)
    const lines = await until(
      () => {
        const all = records(log)
        return all.length === 4 ? all : null
      },
      { what: 'four events' },
    )
    expect(lines.map((line) => [line['hook_event_name'], line['prompt']])).toEqual([
      ['UserPromptSubmit', first],
      ['UserPromptSubmit', 'SAY second'],
      ['Stop', undefined],
      ['Stop', undefined],
    ])
    expect(lines[0]).toMatchObject({ session_id: conversation, cwd: stage.project })
    expect(readdirSync(stage.sessions)).not.toEqual([])
  })
})
