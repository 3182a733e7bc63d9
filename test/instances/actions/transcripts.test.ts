// A resume continues the last conversation or refuses with the reason: Claude removes transcripts, and an
// agent changes its conversation while lab is away.
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs' // prettier-ignore
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { listOnTerminal } from '../../fixtures/api-server.ts'
import { conversationOffered } from '../../../src/instances/observe/conversation.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { clear, isAlive, readyFoo, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const transcripts = (lab: TestLab): string => join(lab.home, '.claude/projects')
const resume = (lab: TestLab, id: string, body?: object) =>
  lab.call('POST', `/api/v1/instances/${id}/resume`, body)

/** Sends a prompt to an instance and waits for the answer. */
async function say(lab: TestLab, { id, name }: Instance, word: string): Promise<void> {
  await type(lab, name, `SAY ${word}`)
  await until(
    async () => (await lab.tmux('capture-pane', '-p', '-t', `=${name}:`)).includes(`● ${word}`),
    { what: `the answer ${word}` },
  )
  await lab.reaches(id, 'ready')
}

/** A stopped instance whose conversation has a message. */
async function stopped(lab: TestLab): Promise<Instance> {
  const { id } = await lab.start('foo')
  await say(lab, await lab.reaches(id, 'ready'), 'something')
  return stop(lab, id)
}

/** The process's entry in Claude's registry; null while Claude writes the file. */
function registered(lab: TestLab, pid: number): { sessionId: string; status: string } | null {
  try {
    return JSON.parse(readFileSync(join(lab.home, `.claude/sessions/${pid}.json`), 'utf8'))
  } catch {
    return null
  }
}

describe('a resume of a conversation whose transcript is gone', () => {
  test('is refused with the reason, also after a restart, and begins a blank one on request', async ({
    lab,
  }) => {
    await lab.boot()
    const { id, conversation } = await stopped(lab)
    rmSync(transcripts(lab), { recursive: true })
    for (const round of ['this lab', 'the next']) {
      const refused = await resume(lab, id)
      expect([round, refused.status, refused.body.error.code]).toEqual([
        round,
        409,
        'conversation_gone',
      ])
      expect(refused.body.error.message).toMatch(/no transcript .*lab resume --blank/)
      expect(await lab.get(id)).toMatchObject({ state: 'stopped', conversation, isBlank: false })
      await lab.end('SIGKILL')
      await lab.boot()
    }
    const several = await lab.call('POST', '/api/v1/resume', { ids: [id] })
    expect(several.body.results[0].error.code).toBe('conversation_gone')
    // `force` is about the login: it begins nothing blank.
    expect((await resume(lab, id, { force: true })).status).toBe(409)
    const begun = await resume(lab, id, { blank: true })
    expect([begun.status, begun.body.isBlank]).toEqual([201, true])
    const ready = await lab.reaches(id, 'ready')
    expect(ready.conversation).not.toBe(conversation)
    const page = (await lab.call('GET', '/')).body as string
    expect(page).toContain('blank conversation')
    // A later resume continues the messages of this conversation as usual.
    await say(lab, ready, 'anew')
    await stop(lab, id)
    expect((await resume(lab, id)).body).toMatchObject({
      conversation: ready.conversation,
      isBlank: false,
    })
    await lab.reaches(id, 'ready')
  })

  test('is refused by the command, which begins a blank one with --blank and says so', async ({
    lab,
  }) => {
    await lab.boot()
    const { id } = await stopped(lab)
    rmSync(transcripts(lab), { recursive: true })
    const refused = await lab.run('resume', id)
    expect([refused.exitCode, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('no transcript')
    const begun = await lab.run('resume', id, '--blank', '--wait')
    expect([begun.exitCode, begun.stdout]).toEqual([0, 'foo'])
    expect(begun.stderr).toContain('blank conversation')
    expect(await listOnTerminal(lab.stateDir)).toContain('blank conversation')
  })

  test('is refused by the page, with a button that begins a blank one', async ({ lab }) => {
    await lab.boot()
    const { id } = await stopped(lab)
    rmSync(transcripts(lab), { recursive: true })
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: lab.url() }
    const refused = await lab.call('POST', `/instances/${id}/resume`, '', headers)
    expect(refused.status).toBe(409)
    expect(refused.body).toMatch(new RegExp(`name="blank" value="1" form="[\\w-]+-${id}"`))
    const begun = await lab.call('POST', `/instances/${id}/resume`, 'blank=1', headers)
    expect(begun.status).toBe(303)
    expect(await lab.reaches(id, 'ready')).toMatchObject({ isBlank: true })
  })

  test('is refused while the transcripts cannot be read, and works once they can', async ({
    lab,
  }) => {
    await lab.boot()
    const { id, conversation } = await stopped(lab)
    renameSync(transcripts(lab), join(lab.dir, 'moved'))
    symlinkSync(join(lab.dir, 'not-mounted'), transcripts(lab))
    const refused = await resume(lab, id)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'conversation_gone'])
    expect(refused.body.error.message).toContain(`cannot read ${transcripts(lab)}`)
    rmSync(transcripts(lab))
    renameSync(join(lab.dir, 'moved'), transcripts(lab))
    expect((await resume(lab, id)).body).toMatchObject({ conversation, isBlank: false })
    await lab.reaches(id, 'ready')
  })

  test('is refused for a record of an older lab, which does not say whether it had messages', async ({
    lab,
  }) => {
    const { id } = await readyFoo(lab)
    await stop(lab, id)
    await lab.end()
    const file = join(lab.stateDir, 'state.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/ *"said": "no",\n/, ''))
    await lab.boot()
    expect((await resume(lab, id)).body.error.code).toBe('conversation_gone')
    expect((await resume(lab, id, { blank: true })).status).toBe(201)
    await lab.reaches(id, 'ready')
  })
})

test('a resume after a /clear without a message since then begins again', async ({ lab }) => {
  const foo = await readyFoo(lab)
  const { id, pid } = foo
  await say(lab, foo, 'before')
  const cleared = await clear(lab, foo)
  expect(registered(lab, pid!)?.sessionId).toBe(cleared)
  await stop(lab, id)
  expect((await resume(lab, id)).body).toMatchObject({ conversation: cleared, isBlank: false })
  await lab.reaches(id, 'ready')
})

describe('a conversation that changes while lab is away', () => {
  /** Clears an instance's conversation while lab is down and sends a prompt to the new one. */
  async function clearedMeanwhile(lab: TestLab): Promise<{ id: string; pid: number; now: string }> {
    await lab.boot()
    const { id } = await lab.start('foo')
    const { pid } = await lab.reaches(id, 'ready')
    await say(lab, await lab.get(id), 'before')
    await lab.end('SIGKILL')
    await type(lab, 'foo', '/clear')
    const now = await until(
      () => {
        const { sessionId = id } = registered(lab, pid!) ?? {}
        return sessionId === id ? null : sessionId
      },
      { what: 'another conversation' },
    )
    await type(lab, 'foo', 'SAY after')
    await until(
      async () => (await lab.tmux('capture-pane', '-p', '-t', '=foo:')).includes('● after'),
      { what: 'the answer' },
    )
    await until(() => registered(lab, pid!)?.status === 'idle', { what: 'the end of the turn' })
    return { id, pid: pid!, now }
  }

  test('is the one that a resume continues after a SIGKILL', async ({ lab }) => {
    const { id, pid, now } = await clearedMeanwhile(lab)
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid), { what: 'its end' })
    await lab.boot()
    expect(await lab.reaches(id, 'error')).toMatchObject({ conversation: now })
    expect((await resume(lab, id)).body).toMatchObject({ conversation: now })
    await lab.reaches(id, 'ready')
  })

  test('is the one that a resume continues after an end that removed the registry file', async ({
    lab,
  }) => {
    const { id, pid, now } = await clearedMeanwhile(lab)
    process.kill(pid, 'SIGTERM')
    await until(() => !isAlive(pid), { what: 'its end' })
    expect(existsSync(join(lab.home, `.claude/sessions/${pid}.json`))).toBe(false)
    await lab.boot()
    expect(await lab.reaches(id, 'error')).toMatchObject({ conversation: now })
    expect((await resume(lab, id)).body).toMatchObject({ conversation: now })
    await lab.reaches(id, 'ready')
  })

  test('is not taken from the file of another process', async ({ lab }) => {
    const { id, pid } = await clearedMeanwhile(lab)
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid), { what: 'its end' })
    const file = join(lab.home, `.claude/sessions/${pid}.json`)
    const other = { ...JSON.parse(readFileSync(file, 'utf8')), procStart: '1' }
    writeFileSync(file, JSON.stringify(other))
    await lab.boot()
    // After a SIGKILL the screen has no exit message, so only the conversation that lab knew is left.
    expect(await lab.reaches(id, 'error')).toMatchObject({ conversation: id })
  })
})

describe("Claude's exit message", () => {
  const id = '11111111-2222-4333-8444-555555555555'
  const words = ['Resume this session with:', `claude --permission-mode auto --resume ${id}`]
  test.for<[string, readonly string[], string | null]>([
    ['at the end of the screen', ['● done', '', ...words, ''], id],
    ['over two lines', ['Resume this session with:', 'claude --name a', `--resume ${id}`], id],
    ['with more after them', [...words, 'a', 'b', 'c'], null],
    ['quoted in an answer', [`● It says: Resume this session with: claude --resume ${id}`], null],
    ['without an id', ['Resume this session with:', 'claude --resume latest'], null],
    ['missing', ['● done'], null],
  ])('%s', ([, screen, offered]) => {
    expect(conversationOffered(screen)).toBe(offered)
  })
})
